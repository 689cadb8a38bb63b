//! Opens connections for the pool and for the threads that keep one, and knows which of them are no good any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection};

use super::conn::{Conn, DatabaseLocation};
use super::error::{Cause, StoreError};

/// Every connection is closed after so long, so that an address that leads to another server by now is asked again.
pub(in crate::store) const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Settings of a session, where a session belongs to its connection. A statement that waits longer than this fails, so
/// that one stuck lock does not hold every connection, and a request is answered within two seconds; and the code counts on read committed, whatever the default of the
/// database is.
const SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '1700ms'; \
    SET idle_in_transaction_session_timeout = '30s'; SET default_transaction_isolation = 'read committed'";

/// How long a read waits for a SQLite file that another process has locked.
const SQLITE_SESSION: &str = "PRAGMA busy_timeout = 1500";

/// `BEGIN` where session settings persist.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// `BEGIN` behind a transaction pooler, with the settings for this transaction.
const BEGIN_SHARED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = '10s'; \
    SET LOCAL lock_timeout = '1700ms'; SET LOCAL idle_in_transaction_session_timeout = '30s'";

/// Opens connections, all to one place.
#[derive(Clone)]
pub(in crate::store) struct Manager {
    place: DatabaseLocation,
    /// Grows when a connection turns out to be dead or to lead to a server that takes no writes: all that were opened
    /// before it grew are taken to be like that one.
    generation: Arc<AtomicU64>,
}

/// A connection with what decides whether it may be used again.
pub(in crate::store) struct PooledConn {
    pub(in crate::store) conn: Conn,
    generation: u64,
    since: Instant,
}

/// Why a connection could not be opened. The message alone, because r2d2 quotes it in an error of its own, which becomes a
/// `StoreError` again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::store) struct NotOpened(String);

impl From<StoreError> for NotOpened {
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
        // Read first: a connection that was opened while the database went away must not count as a new one.
        let generation = self.generation.load(Ordering::Acquire);
        let mut conn = self.place.open()?;
        match &mut conn {
            Conn::Postgres(conn) if self.place.keeps_sessions() => conn.batch_execute(SESSION)?,
            Conn::Postgres(_) => {}
            Conn::Sqlite(conn) => conn.batch_execute(SQLITE_SESSION)?,
        }
        Ok(PooledConn { conn, generation, since: Instant::now() })
    }

    /// What begins a transaction on PostgreSQL.
    pub(in crate::store) fn begin(&self) -> &'static str {
        if self.place.keeps_sessions() { BEGIN } else { BEGIN_SHARED }
    }

    /// Whether nothing is known against a connection.
    pub(in crate::store) fn is_current(&self, pooled: &PooledConn) -> bool {
        pooled.generation == self.generation.load(Ordering::Acquire) && pooled.since.elapsed() < LIFETIME
    }

    /// Draws the conclusion from what failed on a connection, and says what that was.
    pub(in crate::store) fn note_failure(&self, pooled: &mut PooledConn, error: StoreError) -> StoreError {
        let error = match error.cause() {
            Some(Cause::Busy) if pooled.conn.batch_execute("SELECT 1").is_err() => error.lost(),
            Some(Cause::Busy | Cause::Lost | Cause::ReadOnly | Cause::Collided) | None => error,
        };
        if matches!(error.cause(), Some(Cause::Lost | Cause::ReadOnly)) {
            let ended = pooled.generation;
            // Once for all that fail at the same moment. One of an older generation proves nothing.
            let grown =
                self.generation.compare_exchange(ended, ended + 1, Ordering::AcqRel, Ordering::Acquire);
            if grown.is_ok() {
                tracing::warn!(%error, "the connections to the database are opened anew");
            }
        }
        error
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = PooledConn;
    type Error = NotOpened;

    fn connect(&self) -> Result<PooledConn, NotOpened> {
        Ok(self.open()?)
    }

    fn is_valid(&self, pooled: &mut PooledConn) -> Result<(), NotOpened> {
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
