//! The keyring of the system: one secret under each name.

use crate::error::ErrorKind;
use crate::secret::Secret;

/// Keeps secrets by name.
pub(super) trait SecretStore: Send + Sync {
    /// Finds out, within a second, whether secrets can be kept.
    fn probe(&self) -> Result<(), ErrorKind>;

    fn set(&self, name: &str, secret: &Secret) -> Result<(), ErrorKind>;

    fn get(&self, name: &str) -> Result<Secret, ErrorKind>;

    fn delete(&self, name: &str) -> Result<(), ErrorKind>;
}

#[cfg(not(feature = "keyring"))]
mod system {
    use super::{ErrorKind, Secret, SecretStore};

    /// What a build without the feature `keyring` has.
    pub(crate) struct SystemKeyring;

    impl SystemKeyring {
        pub(crate) fn of(_service: &str) -> Self {
            Self
        }
    }

    impl SecretStore for SystemKeyring {
        fn probe(&self) -> Result<(), ErrorKind> {
            Err(missing())
        }

        fn set(&self, _name: &str, _secret: &Secret) -> Result<(), ErrorKind> {
            Err(missing())
        }

        fn get(&self, _name: &str) -> Result<Secret, ErrorKind> {
            Err(missing())
        }

        fn delete(&self, _name: &str) -> Result<(), ErrorKind> {
            Err(missing())
        }
    }

    fn missing() -> ErrorKind {
        ErrorKind::KeyringUnusable { cause: "it was built without keyring support".into() }
    }
}

#[cfg(feature = "keyring")]
mod system {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use keyring::{Entry, Error};

    use super::{ErrorKind, Secret, SecretStore};

    const PROBE_LIMIT: Duration = Duration::from_secs(1);
    /// Long enough for a person to unlock the keyring.
    const LIMIT: Duration = Duration::from_secs(60);

    /// The keyring of the system.
    pub(crate) struct SystemKeyring {
        service: String,
    }

    impl SystemKeyring {
        /// The one that holds the secrets of this tool.
        pub(crate) fn of(service: &str) -> Self {
            Self { service: service.to_owned() }
        }

        /// Runs a call on a thread of its own, because the keyring of a machine without a desktop may never answer.
        fn within<T: Send + 'static>(
            &self,
            limit: Duration,
            name: &str,
            call: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
        ) -> Result<T, ErrorKind> {
            let (service, name) = (self.service.clone(), name.to_owned());
            let (sender, receiver) = channel();
            std::thread::spawn(move || {
                let outcome = Entry::new(&service, &name).and_then(|entry| call(&entry));
                // Nobody waits any more after the limit.
                let _ = sender.send(outcome);
            });
            let unusable = |cause: String| ErrorKind::KeyringUnusable { cause };
            match receiver.recv_timeout(limit) {
                Ok(outcome) => outcome.map_err(|error| unusable(error.to_string())),
                Err(RecvTimeoutError::Timeout) => {
                    Err(unusable(format!("it did not answer within {} s", limit.as_secs())))
                }
                Err(RecvTimeoutError::Disconnected) => Err(unusable("it ended without an answer".into())),
            }
        }
    }

    impl SecretStore for SystemKeyring {
        fn probe(&self) -> Result<(), ErrorKind> {
            self.within(PROBE_LIMIT, "probe", |entry| {
                entry.set_password("probe")?;
                entry.delete_credential()
            })
        }

        fn set(&self, name: &str, secret: &Secret) -> Result<(), ErrorKind> {
            let secret = secret.clone();
            self.within(LIMIT, name, move |entry| entry.set_password(secret.expose()))
        }

        fn get(&self, name: &str) -> Result<Secret, ErrorKind> {
            self.within(LIMIT, name, |entry| entry.get_password().map(Secret::new))
        }

        fn delete(&self, name: &str) -> Result<(), ErrorKind> {
            self.within(LIMIT, name, |entry| match entry.delete_credential() {
                Err(Error::NoEntry) => Ok(()),
                outcome => outcome,
            })
        }
    }
}

pub(crate) use system::SystemKeyring;
