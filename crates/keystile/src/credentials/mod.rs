//! The credentials of a person, kept by profile.

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

/// Where credentials are kept.
///
/// Processes share a store, so a change goes through [`compare_and_swap`](Self::compare_and_swap), and whoever
/// refreshes holds the lock of the profile.
pub trait CredentialStore: Send + Sync {
    /// What is stored now.
    fn read(&self) -> Result<CredentialDocument, ErrorKind>;

    /// Finds out whether something can be stored, before a person does anything for it.
    fn probe(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    /// Takes the lock of a profile, unless somebody else holds it.
    fn try_lock(&self, profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind>;

    /// Stores what a profile holds (`None` removes it), if it still has the generation that the caller read.
    fn compare_and_swap(
        &self,
        profile: &ProfileName,
        expected: Option<u64>,
        credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind>;

    /// Moves a store that cannot be read out of the way, so that a new sign-in has a place; says where it went.
    fn set_damaged_aside(&self) -> Result<String, ErrorKind>;

    /// What a person should know about the store, said once.
    fn take_warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Where it is, for a person.
    fn location(&self) -> std::path::PathBuf;
}

/// Where refresh tokens and keys are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CredentialBackend {
    /// In the credentials file, which works everywhere.
    #[default]
    File,
    /// In the keyring of the system.
    Keyring,
}

/// Held while one process refreshes a profile; dropping it releases the lock.
pub trait ProfileLock: Send {}

/// Whether a change took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum SwapResult {
    /// Stored.
    Done,
    /// Somebody else changed the profile in the meantime; nothing was stored.
    Conflict,
}
