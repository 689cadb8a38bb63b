use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::credentials::KeyCredential;
use crate::env::Environment;
use crate::paths::Paths;
use crate::secret::Secret;
use crate::testing::{TempFolder, brand, session};

/// A keyring in memory, which can be locked.
#[derive(Clone, Default)]
struct MemoryKeyring(Arc<Mutex<(bool, BTreeMap<String, Secret>)>>);

impl MemoryKeyring {
    fn open<T>(&self, call: impl FnOnce(&mut BTreeMap<String, Secret>) -> T) -> Result<T, ErrorKind> {
        let mut state = self.0.lock().unwrap();
        if state.0 {
            Err(ErrorKind::KeyringUnusable { cause: "locked".into() })
        } else {
            Ok(call(&mut state.1))
        }
    }

    fn lock(&self) {
        self.0.lock().unwrap().0 = true;
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().1.len()
    }
}

impl SecretStore for MemoryKeyring {
    fn probe(&self) -> Result<(), ErrorKind> {
        self.open(|_| ())
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), ErrorKind> {
        self.open(|secrets| drop(secrets.insert(name.into(), secret.clone())))
    }

    fn get(&self, name: &str) -> Result<Secret, ErrorKind> {
        let found = self.open(|secrets| secrets.get(name).cloned())?;
        found.ok_or_else(|| ErrorKind::KeyringUnusable { cause: "no entry".into() })
    }

    fn delete(&self, name: &str) -> Result<(), ErrorKind> {
        self.open(|secrets| drop(secrets.remove(name)))
    }
}

fn store(folder: &TempFolder, keyring: &MemoryKeyring, backend: CredentialBackend) -> KeyringStore {
    let home = folder.path().to_str().unwrap();
    let paths = Paths::find(&brand(), &Environment::from([("ACME_HOME", home)]));
    KeyringStore::with_secrets(FileStore::new(paths), Box::new(keyring.clone()), backend)
}

fn text(folder: &TempFolder) -> String {
    std::fs::read_to_string(folder.path().join("credentials.json")).unwrap_or_default()
}

#[test]
fn only_the_long_lived_secret_is_in_the_keyring() {
    let (folder, keyring, name) = (TempFolder::new(), MemoryKeyring::default(), ProfileName::default());
    let store = store(&folder, &keyring, CredentialBackend::Keyring);
    let credential = Credential::from(session());
    assert_eq!(store.compare_and_swap(&name, None, Some(&credential)), Ok(SwapResult::Done));
    let written: serde_json::Value = serde_json::from_str(&text(&folder)).unwrap();
    assert_eq!(written["profiles"]["default"]["access_token"], "access");
    assert!(written["profiles"]["default"]["refresh_token"].is_null());
    let read = store.read().unwrap();
    let read = read.get(&name).and_then(Credential::as_oauth).unwrap();
    assert_eq!((&read.refresh_token, read.generation), (&Some(Secret::new("refresh")), 1));

    let key = Credential::from(KeyCredential::new(Secret::new("acme_live_0123456789abcdefghij")));
    assert_eq!(store.compare_and_swap(&name, Some(1), Some(&key)), Ok(SwapResult::Done));
    assert!(!text(&folder).contains("acme_live_"), "{}", text(&folder));
    assert_eq!(keyring.len(), 1, "the unused secret is deleted");
    assert_eq!(store.compare_and_swap(&name, Some(2), None), Ok(SwapResult::Done));
    assert_eq!(keyring.len(), 0);
}

#[test]
fn a_failing_keyring_is_an_error_and_changes_nothing() {
    let (folder, keyring, name) = (TempFolder::new(), MemoryKeyring::default(), ProfileName::default());
    let store = store(&folder, &keyring, CredentialBackend::Keyring);
    let credential = Credential::from(session());
    assert_eq!(store.compare_and_swap(&name, None, Some(&credential)), Ok(SwapResult::Done));
    let before = text(&folder);
    keyring.lock();
    let locked = ErrorKind::KeyringUnusable { cause: "locked".into() };
    assert_eq!(store.probe(), Err(locked.clone()));
    assert_eq!(store.read().err(), Some(locked.clone()), "an unreadable secret does not count as none");
    assert_eq!(store.compare_and_swap(&name, Some(1), Some(&credential)), Err(locked));
    assert_eq!(text(&folder), before);
}

#[test]
fn a_secret_is_read_from_where_it_was_stored_whatever_the_setting() {
    let (folder, keyring, name) = (TempFolder::new(), MemoryKeyring::default(), ProfileName::default());
    let credential = Credential::from(session());
    let swapped =
        store(&folder, &keyring, CredentialBackend::Keyring).compare_and_swap(&name, None, Some(&credential));
    assert_eq!(swapped, Ok(SwapResult::Done));
    let to_file = store(&folder, &keyring, CredentialBackend::File);
    let read = to_file.read().unwrap().get(&name).cloned().unwrap();
    assert_eq!(read.long_lived_secret(), Some(Secret::new("refresh")));
    assert_eq!(to_file.compare_and_swap(&name, Some(1), Some(&read)), Ok(SwapResult::Done));
    assert_eq!(keyring.len(), 0);
    assert!(text(&folder).contains("\"refresh\""));
}

#[test]
fn a_secret_is_fetched_once_by_a_process_that_reads_again_and_again() {
    let (folder, keyring, name) = (TempFolder::new(), MemoryKeyring::default(), ProfileName::default());
    let store = store(&folder, &keyring, CredentialBackend::Keyring);
    assert_eq!(store.compare_and_swap(&name, None, Some(&session().into())), Ok(SwapResult::Done));
    let secret = |store: &KeyringStore| store.read().unwrap().get(&name).unwrap().long_lived_secret();
    assert_eq!(secret(&store), Some(Secret::new("refresh")));
    keyring.lock();
    assert_eq!(secret(&store), Some(Secret::new("refresh")));
}

/// A keyring whose reader is overtaken: before its first answer, another process replaces the secret.
struct OvertakenKeyring {
    secrets: MemoryKeyring,
    other: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl SecretStore for OvertakenKeyring {
    fn probe(&self) -> Result<(), ErrorKind> {
        self.secrets.probe()
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), ErrorKind> {
        self.secrets.set(name, secret)
    }

    fn get(&self, name: &str) -> Result<Secret, ErrorKind> {
        let other = self.other.lock().unwrap().take();
        if let Some(replace) = other {
            replace();
        }
        self.secrets.get(name)
    }

    fn delete(&self, name: &str) -> Result<(), ErrorKind> {
        self.secrets.delete(name)
    }
}

#[test]
fn a_secret_that_another_process_replaces_meanwhile_is_read_anew() {
    let (folder, keyring, name) = (TempFolder::new(), MemoryKeyring::default(), ProfileName::default());
    let other = store(&folder, &keyring, CredentialBackend::Keyring);
    let credential = Credential::from(session());
    assert_eq!(other.compare_and_swap(&name, None, Some(&credential)), Ok(SwapResult::Done));
    let mut next = session();
    next.refresh_token = Some(Secret::new("refresh-2"));
    let replace = move || {
        let swapped = other.compare_and_swap(&ProfileName::default(), Some(1), Some(&next.into()));
        assert_eq!(swapped, Ok(SwapResult::Done));
    };
    let overtaken = OvertakenKeyring { secrets: keyring.clone(), other: Mutex::new(Some(Box::new(replace))) };
    let home = folder.path().to_str().unwrap();
    let paths = Paths::find(&brand(), &Environment::from([("ACME_HOME", home)]));
    let store =
        KeyringStore::with_secrets(FileStore::new(paths), Box::new(overtaken), CredentialBackend::Keyring);
    let read = store.read().unwrap().get(&name).cloned().unwrap();
    assert_eq!(read.long_lived_secret(), Some(Secret::new("refresh-2")));
}

#[test]
fn a_conflict_leaves_no_secret_in_the_keyring() {
    let (folder, keyring, name) = (TempFolder::new(), MemoryKeyring::default(), ProfileName::default());
    let store = store(&folder, &keyring, CredentialBackend::Keyring);
    let credential = Credential::from(session());
    assert_eq!(store.compare_and_swap(&name, Some(7), Some(&credential)), Ok(SwapResult::Conflict));
    assert_eq!(keyring.len(), 0);
}
