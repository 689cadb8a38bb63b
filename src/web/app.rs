//! The state of the running server.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use actix_web::{HttpRequest, web};

use super::clients::ClientCache;
use super::cookie_names::CookieNames;
use super::exhausted::KnownExhausted;
use super::gate::Gate;
use super::keyring::Keyring;
use super::limits::Limits;
use super::readiness::Readiness;
use super::use_log::UseLog;
use crate::config::Config;
use crate::domain::clock::Clock;
use crate::domain::time::Time;
use crate::keys::hashing::PasswordHasher;
use crate::keys::master::MasterKey;
use crate::services::signing_keys::{self, SigningKeyError};
use crate::store::{Store, StoreError, TxError, Work};

/// The running server. A handle: clones are the same server.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of the server.
pub struct Parts {
    pub config: Arc<Config>,
    pub store: Store,
    pub master: Arc<MasterKey>,
    pub clients: ClientCache,
    pub keyring: Keyring,
    pub passwords: PasswordHasher,
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

    /// The server that answers a request.
    pub fn of(request: &HttpRequest) -> Result<&web::Data<Self>, StoreError> {
        let app = request.app_data::<web::Data<Self>>();
        app.ok_or_else(|| StoreError::Failed("the request has no application state".to_owned()))
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

    /// [`Self::write`] for work that may be refused: a refusal commits what was written before it.
    pub async fn write_or_refuse<T, E, F>(&self, work: F) -> Result<T, TxError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&App, &mut Work<'_>) -> Result<T, TxError<E>> + Clone + Send + 'static,
    {
        let app = self.clone();
        self.store.write_or_refuse(move |transaction| work(&app, transaction)).await
    }

    /// Reloads the signing keys from the database.
    pub async fn reload_keys(&self) -> Result<(), SigningKeyError> {
        self.compare_keys(Instant::now()).await
    }

    async fn compare_keys(&self, since: Instant) -> Result<(), SigningKeyError> {
        let access = self.config.tokens.access;
        let read = async || self.store.read(move |conn| signing_keys::read(conn, access)).await;
        self.keyring.reload(since, &self.master, read).await
    }

    /// Compares the signing keys with the database if the last comparison is too old. Called before signing
    /// and before accepting a token.
    pub async fn confirm_keys(&self) -> Result<(), StoreError> {
        if !self.keyring.is_stale() {
            return Ok(());
        }
        self.compare_keys(Keyring::trusted_since()).await.map_err(for_a_request)
    }

    /// [`App::reload_keys`] for a request.
    pub async fn reread_keys(&self) -> Result<(), StoreError> {
        self.reload_keys().await.map_err(for_a_request)
    }
}

fn for_a_request(error: SigningKeyError) -> StoreError {
    match error {
        SigningKeyError::Store(error) => error,
        SigningKeyError::Key(_) | SigningKeyError::ForeignNextKey(_) => StoreError::Failed(error.to_string()),
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
