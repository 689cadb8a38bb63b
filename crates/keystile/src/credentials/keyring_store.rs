//! A credentials file whose long-lived secrets (refresh tokens and API keys) may be in the system keyring.
//!
//! The file records where each secret is; the setting only decides where the next one is stored. Locks, generations and
//! access tokens stay in the file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::keyring::{SecretStore, SystemKeyring};
use super::{
    Credential, CredentialBackend, CredentialDocument, CredentialStore, FileStore, ProfileLock, SwapResult,
};
use crate::error::ErrorKind;
use crate::profile::ProfileName;
use crate::random;
use crate::secret::Secret;

/// The credentials file combined with the keyring.
pub(crate) struct KeyringStore {
    file: FileStore,
    secrets: Box<dyn SecretStore>,
    backend: CredentialBackend,
    /// The secrets read so far by their entries, whose secrets never change. Processes that wait for a refresh read the
    /// store ten times a second.
    known: Mutex<BTreeMap<String, Secret>>,
    warnings: Mutex<Vec<String>>,
}

impl KeyringStore {
    /// `service` names the tool in the keyring.
    pub(crate) fn new(file: FileStore, service: &str, backend: CredentialBackend) -> Self {
        Self::with_secrets(file, Box::new(SystemKeyring::of(service)), backend)
    }

    fn with_secrets(file: FileStore, secrets: Box<dyn SecretStore>, backend: CredentialBackend) -> Self {
        Self { file, secrets, backend, known: Mutex::default(), warnings: Mutex::default() }
    }

    /// Stores the secret of a credential in the backend. Returns the credential for the file, and the name of the keyring
    /// entry if there is one.
    fn store_secret(
        &self,
        profile: &ProfileName,
        credential: &Credential,
    ) -> Result<(Credential, Option<String>), ErrorKind> {
        let mut credential = credential.clone();
        credential.set_keyring_entry(None);
        match (self.backend, credential.long_lived_secret()) {
            (CredentialBackend::File, _) | (CredentialBackend::Keyring, None) => Ok((credential, None)),
            (CredentialBackend::Keyring, Some(secret)) => {
                // A new entry for each secret: the old one is in use until the file names the new one.
                let name = format!("{profile}:{}", random::uuid()?);
                self.secrets.set(&name, &secret)?;
                credential.remove_long_lived_secret();
                credential.set_keyring_entry(Some(&name));
                Ok((credential, Some(name)))
            }
        }
    }

    /// The document with the secrets that are in the keyring.
    fn with_secrets_of(&self, document: &CredentialDocument) -> Result<CredentialDocument, ErrorKind> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut complete = document.clone();
        for (name, credential) in document.iter() {
            if let Some(entry) = credential.keyring_entry() {
                if !known.contains_key(entry) {
                    known.insert(entry.to_owned(), self.secrets.get(entry)?);
                }
                let mut credential = credential.clone();
                credential.set_long_lived_secret(known[entry].clone());
                complete.set(name, Some(credential));
            }
        }
        Ok(complete)
    }

    /// Deletes an entry that is not in use. A failure is only a warning.
    fn discard(&self, name: Option<String>) {
        let Some(Err(ErrorKind::KeyringUnusable { cause })) = name.map(|name| self.secrets.delete(&name))
        else {
            return;
        };
        let note = format!("An unused secret could not be deleted from the keyring: {cause}.");
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

impl CredentialStore for KeyringStore {
    fn read(&self) -> Result<CredentialDocument, ErrorKind> {
        loop {
            let document = self.file.read()?;
            match self.with_secrets_of(&document) {
                // Since the file was read, another process has replaced a secret and deleted the old one.
                Err(_) if self.file.read()?.generation != document.generation => {}
                result => return result,
            }
        }
    }

    fn probe(&self) -> Result<(), ErrorKind> {
        self.file.probe()?;
        match self.backend {
            CredentialBackend::File => Ok(()),
            CredentialBackend::Keyring => self.secrets.probe(),
        }
    }

    fn try_lock(&self, profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind> {
        self.file.try_lock(profile)
    }

    fn compare_and_swap(
        &self,
        profile: &ProfileName,
        expected: Option<u64>,
        credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind> {
        let old = self.file.read()?.get(profile).and_then(Credential::keyring_entry).map(str::to_owned);
        let (next, new) = match credential {
            Some(credential) => {
                let (next, new) = self.store_secret(profile, credential)?;
                (Some(next), new)
            }
            None => (None, None),
        };
        let swapped = self.file.compare_and_swap(profile, expected, next.as_ref());
        match swapped {
            Ok(SwapResult::Done) => self.discard(old),
            Ok(SwapResult::Conflict) | Err(_) => self.discard(new),
        }
        swapped
    }

    fn move_damaged_aside(&self) -> Result<String, ErrorKind> {
        self.file.move_damaged_aside()
    }

    fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.file.take_warnings();
        warnings.append(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner));
        warnings
    }

    fn location(&self) -> PathBuf {
        self.file.location()
    }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "keyring_store_tests.rs"]
mod tests;
