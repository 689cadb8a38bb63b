//! Stores credentials by profile.

mod document;
mod file;
mod keyring;
mod keyring_store;
mod no_store;
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
pub(crate) use no_store::NoStore;
pub(crate) use trust::check as check_trust;

/// Stores one credential for each profile.
///
/// Processes share a store. Every change is a [`compare_and_swap`](Self::compare_and_swap) on the generation of the
/// profile, and a refresh holds the [lock](Self::try_lock) of the profile. A custom store must make both work across
/// processes. Its methods block.
///
/// Errors: [`CredentialsUnreadable`](ErrorKind::CredentialsUnreadable) and
/// [`CredentialsDamaged`](ErrorKind::CredentialsDamaged) for reading,
/// [`CredentialsUnwritable`](ErrorKind::CredentialsUnwritable) for writing, and
/// [`KeyringUnusable`](ErrorKind::KeyringUnusable) for both.
pub trait CredentialStore: Send + Sync {
    /// Reads all credentials.
    fn read(&self) -> Result<CredentialDocument, ErrorKind>;

    /// Checks that a credential can be stored. Called before the user is asked to approve a login, and before a refresh
    /// is requested: a refresh token works once, so its successor must not be lost.
    fn probe(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    /// Takes the lock of a profile; `None` if another process holds it.
    fn try_lock(&self, profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind>;

    /// Stores a credential, or removes it if `credential` is `None`, provided that the profile has the generation
    /// `expected`; `None` means that the profile is empty. The stored credential gets the generation `expected + 1`, or
    /// 1 in an empty profile.
    fn compare_and_swap(
        &self,
        profile: &ProfileName,
        expected: Option<u64>,
        credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind>;

    /// Moves damaged data to another name, which is returned, so that a login can store a credential again.
    fn move_damaged_aside(&self) -> Result<String, ErrorKind>;

    /// Returns the warnings for the user since the last call.
    fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The path to show to the user as the place of the credentials.
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

/// The lock of a profile, released when dropped.
pub trait ProfileLock: Send {}

/// Result of [`CredentialStore::compare_and_swap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum SwapResult {
    /// Stored.
    Done,
    /// Not stored: the profile has another generation.
    Conflict,
}
