//! The system keyring.

use crate::error::ErrorKind;
use crate::secret::Secret;

/// Stores secrets by name.
pub(super) trait SecretStore: Send + Sync {
    /// Checks that secrets can be stored. Fails after one second if the keyring does not respond.
    fn probe(&self) -> Result<(), ErrorKind>;

    fn set(&self, name: &str, secret: &Secret) -> Result<(), ErrorKind>;

    fn get(&self, name: &str) -> Result<Secret, ErrorKind>;

    fn delete(&self, name: &str) -> Result<(), ErrorKind>;
}

#[cfg(not(feature = "keyring"))]
mod system {
    use super::{ErrorKind, Secret, SecretStore};

    /// Stands in without the feature `keyring`: every call fails.
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
        ErrorKind::KeyringUnusable { cause: "this build has no keyring support".into() }
    }
}

#[cfg(feature = "keyring")]
mod system {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use keyring::{Entry, Error};

    use super::{ErrorKind, Secret, SecretStore};

    const PROBE_LIMIT: Duration = Duration::from_secs(1);
    /// Long enough for a user to unlock the keyring.
    const LIMIT: Duration = Duration::from_secs(60);

    /// The system keyring.
    pub(crate) struct SystemKeyring {
        service: String,
    }

    impl SystemKeyring {
        /// The keyring entries of the tool with this name.
        pub(crate) fn of(service: &str) -> Self {
            Self { service: service.to_owned() }
        }

        /// Runs a call on a thread, because a keyring without a desktop session may never respond.
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
                // The receiver is gone after the limit.
                let _ = sender.send(outcome);
            });
            let unusable = |cause: String| ErrorKind::KeyringUnusable { cause };
            match receiver.recv_timeout(limit) {
                Ok(outcome) => outcome.map_err(|error| unusable(error.to_string())),
                Err(RecvTimeoutError::Timeout) => {
                    Err(unusable(format!("it did not respond within {} s", limit.as_secs())))
                }
                Err(RecvTimeoutError::Disconnected) => Err(unusable("it stopped without responding".into())),
            }
        }
    }

    impl SecretStore for SystemKeyring {
        fn probe(&self) -> Result<(), ErrorKind> {
            // Whether it responds at all is known soon; to unlock it takes a user, and to write it a while.
            self.within(PROBE_LIMIT, "probe", |entry| match entry.get_password() {
                Ok(_) | Err(Error::NoEntry) => Ok(()),
                Err(error) => Err(error),
            })?;
            self.within(LIMIT, "probe", |entry| {
                entry.set_password("probe")?;
                match entry.delete_credential() {
                    // Another process has probed at the same time.
                    Err(Error::NoEntry) => Ok(()),
                    outcome => outcome,
                }
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
