//! Storage of credentials by profile.

mod document;
mod file;
mod keyring;
mod keyring_store;
mod lock;
mod trust;

use serde::{Deserialize, Serialize};

use super::error::ErrorKind;
use super::profile::ProfileName;

pub(crate) use document::method_of;
pub use document::{
    AccountRef, Credential, CredentialDocument, CredentialState, KeyCredential, OauthCredential, OrgRef,
    SignedInBy,
};
pub(crate) use file::FileStore;
pub(crate) use keyring_store::KeyringStore;
pub(crate) use trust::check as check_trust;

/// Stores one credential for each profile.
///
/// Processes share a store. Every change is a [`compare_and_swap`](Self::compare_and_swap) on the generation of the
/// profile, and a refresh holds the [lock](Self::try_lock) of the profile. A custom store must provide both across
/// processes.
pub trait CredentialStore: Send + Sync {
    /// Reads all credentials.
    fn read(&self) -> Result<CredentialDocument, ErrorKind>;

    /// Checks that a credential could be stored. Called before the user is asked to approve a login.
    fn probe(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    /// Takes the lock of a profile; `None` if another process holds it.
    fn try_lock(&self, profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind>;

    /// Stores a credential (`None` removes it) if the profile still has the generation `expected` (`None` = empty). The
    /// stored credential gets the next generation.
    fn compare_and_swap(
        &self,
        profile: &ProfileName,
        expected: Option<u64>,
        credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind>;

    /// Moves damaged data aside, so that a login can store again; returns the name that it is kept under.
    fn set_damaged_aside(&self) -> Result<String, ErrorKind>;

    /// Returns and clears warnings for the user.
    fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The path to show to the user.
    fn location(&self) -> std::path::PathBuf;
}

/// Where refresh tokens and API keys are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CredentialBackend {
    /// In the credentials file.
    #[default]
    File,
    /// In the system keyring.
    Keyring,
}

/// The lock of a profile; dropping it releases the lock.
pub trait ProfileLock: Send {}

/// Result of a compare-and-swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum SwapResult {
    /// Stored.
    Done,
    /// The profile has another generation; nothing was stored.
    Conflict,
}
