//! Opens connections for the pools and the dedicated threads, and tracks which of them are still usable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection};

use super::conn::{Conn, DatabaseLocation};
use super::error::{Cause, StoreError};

/// Maximum age of a connection, so that a changed DNS address is picked up.
pub(in crate::store) const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Session settings, where a session belongs to its connection. The timeouts keep one stuck lock from occupying every
/// connection, and let a request be answered within two seconds. The code relies on read committed, whatever the
/// default of the database.
const SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '1700ms'; \
    SET idle_in_transaction_session_timeout = '30s'; SET default_transaction_isolation = 'read committed'";

/// How long a read waits while another process has locked the SQLite file.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 1500";

/// `BEGIN` where session settings persist.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// `BEGIN` behind a transaction pooler, with the settings for this transaction.
const BEGIN_SHARED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '10s'; \
    SET LOCAL lock_timeout = '1700ms'; SET LOCAL idle_in_transaction_session_timeout = '30s'";

/// Opens connections to one database.
#[derive(Clone)]
pub(in crate::store) struct Manager {
    place: DatabaseLocation,
    /// Incremented when a connection is lost or reaches a read-only server. All connections opened before that are
    /// considered lost too.
    generation: Arc<AtomicU64>,
}

/// A connection, with what decides whether it may be reused.
pub(in crate::store) struct PooledConn {
    pub(in crate::store) conn: Conn,
    generation: u64,
    since: Instant,
}

/// Why a connection could not be opened. Holds the message alone, because r2d2 quotes it in its own error, which
/// becomes a `StoreError` again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::store) struct PoolError(String);

impl From<StoreError> for PoolError {
    fn from(error: StoreError) -> Self {
        Self(match error {
            StoreError::Unavailable(away) => away.to_string(),
            StoreError::Conflict(message) | StoreError::Failed(message) => message,
        })
    }
}

impl Manager {
    pub(in crate::store) fn new(place: DatabaseLocation) -> Self {
        Self { place, generation: Arc::default() }
    }

    pub(in crate::store) fn place(&self) -> &DatabaseLocation {
        &self.place
    }

    /// Opens a connection.
    pub(in crate::store) fn open(&self) -> Result<PooledConn, StoreError> {
        // Read before opening: a connection opened while the database goes away must belong to the old generation.
        let generation = self.generation.load(Ordering::Acquire);
        let mut conn = self.place.open()?;
        match &mut conn {
            Conn::Postgres(conn) if self.place.keeps_sessions() => conn.batch_execute(SESSION)?,
            Conn::Postgres(_) => {}
            Conn::Sqlite(conn) => conn.batch_execute(SQLITE_SESSION)?,
        }
        Ok(PooledConn { conn, generation, since: Instant::now() })
    }

    /// The statement that begins a transaction on PostgreSQL.
    pub(in crate::store) fn begin(&self) -> &'static str {
        if self.place.keeps_sessions() { BEGIN } else { BEGIN_SHARED }
    }

    /// Whether a connection is of the current generation and not too old.
    pub(in crate::store) fn is_current(&self, pooled: &PooledConn) -> bool {
        pooled.generation == self.generation.load(Ordering::Acquire) && pooled.since.elapsed() < LIFETIME
    }

    /// Determines whether an error means that the connection is lost, starts a new generation if so, and returns the
    /// error with its cause.
    pub(in crate::store) fn note_failure(&self, pooled: &mut PooledConn, error: StoreError) -> StoreError {
        let error = match error.cause() {
            Some(Cause::Busy) if pooled.conn.batch_execute("SELECT 1").is_err() => error.lost(),
            Some(Cause::Busy | Cause::Lost | Cause::ReadOnly | Cause::Collided) | None => error,
        };
        if matches!(error.cause(), Some(Cause::Lost | Cause::ReadOnly)) {
            let ended = pooled.generation;
            // Once for all connections that fail at the same time. One of an older generation proves nothing about this
            // one.
            let grown =
                self.generation.compare_exchange(ended, ended + 1, Ordering::AcqRel, Ordering::Acquire);
            if grown.is_ok() {
                tracing::warn!(%error, "reconnecting to the database");
            }
        }
        error
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = PooledConn;
    type Error = PoolError;

    fn connect(&self) -> Result<PooledConn, PoolError> {
        Ok(self.open()?)
    }

    fn is_valid(&self, pooled: &mut PooledConn) -> Result<(), PoolError> {
        Ok(pooled.conn.batch_execute("SELECT 1").map_err(StoreError::from)?)
    }

    fn has_broken(&self, pooled: &mut PooledConn) -> bool {
        use diesel::connection::TransactionManager as _;
        let in_broken_transaction = match &mut pooled.conn {
            Conn::Postgres(conn) => AnsiTransactionManager::is_broken_transaction_manager(conn),
            Conn::Sqlite(conn) => AnsiTransactionManager::is_broken_transaction_manager(conn),
        };
        in_broken_transaction || !self.is_current(pooled)
    }
}
