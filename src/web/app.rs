//! What every handler has at hand.

use std::ops::Deref;
use std::sync::Arc;

use super::clients::KnownClients;
use super::cookie_names::CookieNames;
use super::exhausted::KnownExhausted;
use super::gate::Gate;
use super::keyring::Keyring;
use super::limits::Limits;
use super::readiness::Readiness;
use super::uses::UseLog;
use crate::config::Config;
use crate::domain::time::{Clock, Time};
use crate::keys::hashing::Passwords;
use crate::keys::master::MasterKey;
use crate::services::signing_keys::{self, KeyFailure};
use crate::store::{Store, StoreError, Work};

/// The running server. A handle: clones are the same server.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of the server.
pub struct Parts {
    pub config: Arc<Config>,
    pub store: Store,
    pub master: Arc<MasterKey>,
    pub clients: KnownClients,
    pub keyring: Keyring,
    pub passwords: Passwords,
    pub gate: Gate,
    pub limits: Limits,
    pub exhausted: KnownExhausted,
    pub uses: UseLog,
    pub cookie_names: CookieNames,
    pub readiness: Readiness,
    pub clock: Clock,
}

impl App {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn issuer(&self) -> &str {
        self.config.server.public_url.as_str()
    }

    /// Runs `work` in one write transaction; the closure gets the app as well.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&App, &mut Work<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        let app = self.clone();
        self.store.write(move |transaction| work(&app, transaction)).await
    }

    /// Takes over the signing keys as they are in the database now.
    pub async fn reload_keys(&self) -> Result<(), KeyFailure> {
        let app = self.clone();
        let loaded = self.store.read(move |conn| Ok(signing_keys::load(conn, &app.master))).await?;
        self.keyring.replace(loaded?);
        Ok(())
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
