//! The store of a user without a directory for files: empty, and nothing can be stored.

use std::path::PathBuf;

use super::{Credential, CredentialDocument, CredentialStore, ProfileLock, SwapResult};
use crate::error::ErrorKind;
use crate::profile::ProfileName;

/// Is empty, and fails with the same error whenever something is to be stored.
pub(crate) struct NoStore {
    path: PathBuf,
    missing: ErrorKind,
}

impl NoStore {
    pub(crate) fn new(path: PathBuf, missing: ErrorKind) -> Self {
        Self { path, missing }
    }
}

impl CredentialStore for NoStore {
    fn read(&self) -> Result<CredentialDocument, ErrorKind> {
        Ok(CredentialDocument::default())
    }

    fn probe(&self) -> Result<(), ErrorKind> {
        Err(self.missing.clone())
    }

    fn try_lock(&self, _profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind> {
        Err(self.missing.clone())
    }

    fn compare_and_swap(
        &self,
        _profile: &ProfileName,
        _expected: Option<u64>,
        _credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind> {
        Err(self.missing.clone())
    }

    fn move_damaged_aside(&self) -> Result<String, ErrorKind> {
        Err(self.missing.clone())
    }

    fn location(&self) -> PathBuf {
        self.path.clone()
    }
}
