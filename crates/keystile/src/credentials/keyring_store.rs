//! A credentials file whose lasting secrets, the refresh tokens and keys, may be in the keyring of the system.
//!
//! Where a secret is stands in the file, so that one is never looked for in the wrong place; the settings only say
//! where the next one goes. Everything else, the locks and generations too, stays in the file.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::keyring::{SecretStore, SystemKeyring};
use super::{
    Credential, CredentialBackend, CredentialDocument, CredentialStore, FileStore, ProfileLock, SwapResult,
};
use crate::error::ErrorKind;
use crate::profile::ProfileName;
use crate::random;

/// The credentials file, with the keyring beside it.
pub(crate) struct KeyringStore {
    file: FileStore,
    secrets: Box<dyn SecretStore>,
    place: CredentialBackend,
    warnings: Mutex<Vec<String>>,
}

impl KeyringStore {
    /// `service` is what the keyring calls the tool.
    pub(crate) fn new(file: FileStore, service: &str, place: CredentialBackend) -> Self {
        Self::with_secrets(file, Box::new(SystemKeyring::of(service)), place)
    }

    fn with_secrets(file: FileStore, secrets: Box<dyn SecretStore>, place: CredentialBackend) -> Self {
        Self { file, secrets, place, warnings: Mutex::default() }
    }

    /// Puts the secret of a credential where it goes, and says under which name if that is the keyring.
    fn put_away(
        &self,
        profile: &ProfileName,
        credential: &Credential,
    ) -> Result<(Credential, Option<String>), ErrorKind> {
        let mut credential = credential.clone();
        credential.set_keyring_entry(None);
        match (self.place, credential.long_lived_secret()) {
            (CredentialBackend::File, _) | (CredentialBackend::Keyring, None) => Ok((credential, None)),
            (CredentialBackend::Keyring, Some(secret)) => {
                // A name of its own for each secret: the old one stays good until the file names the new one.
                let name = format!("{profile}:{}", random::uuid()?);
                self.secrets.set(&name, &secret)?;
                credential.remove_long_lived_secret();
                credential.set_keyring_entry(Some(&name));
                Ok((credential, Some(name)))
            }
        }
    }

    /// A secret that stays behind is of no use to anybody any more, so it is a note and not an error.
    fn discard(&self, name: Option<String>) {
        let Some(Err(ErrorKind::KeyringUnusable { cause })) = name.map(|name| self.secrets.delete(&name))
        else {
            return;
        };
        let note = format!("The keyring still holds a secret that is no longer used: {cause}.");
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }
}

impl CredentialStore for KeyringStore {
    fn read(&self) -> Result<CredentialDocument, ErrorKind> {
        let mut document = self.file.read()?;
        let away: Vec<_> = document
            .iter()
            .filter_map(|(name, credential)| {
                Some((name.clone(), credential.clone(), credential.keyring_entry()?.to_owned()))
            })
            .collect();
        for (name, mut credential, entry) in away {
            credential.set_long_lived_secret(self.secrets.get(&entry)?);
            document.set(&name, Some(credential));
        }
        Ok(document)
    }

    fn probe(&self) -> Result<(), ErrorKind> {
        self.file.probe()?;
        match self.place {
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
                let (next, new) = self.put_away(profile, credential)?;
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

    fn set_damaged_aside(&self) -> Result<String, ErrorKind> {
        self.file.set_damaged_aside()
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
