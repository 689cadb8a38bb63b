//! One connection type for two engines, and how one is opened.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::error::StoreError;
use crate::domain::engine::Engine;

/// A connection to either engine.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Where the database is.
#[derive(Clone)]
pub enum Place {
    /// The path of a SQLite file.
    File(std::path::PathBuf),
    /// A PostgreSQL URL; it may hold a password.
    Url(String),
}

impl Place {
    pub fn engine(&self) -> Engine {
        match self {
            Self::File(_) => Engine::Sqlite,
            Self::Url(_) => Engine::Postgres,
        }
    }

    /// Opens a connection and brings it to the settings that the server counts on.
    pub(in crate::store) fn open(&self) -> Result<Conn, StoreError> {
        match self {
            Self::File(path) => open_sqlite(path).map(Conn::Sqlite),
            Self::Url(url) => {
                let url = with_limits(url);
                PgConnection::establish(&url)
                    .map(Conn::Postgres)
                    .map_err(|error| StoreError::connect_to(&url, error))
            }
        }
    }
}

/// Adds what the URL does not say itself: how long to wait for a database that has vanished without a word.
fn with_limits(url: &str) -> String {
    const LIMITS: [&str; 5] = [
        "connect_timeout=5",
        "tcp_user_timeout=10000",
        "keepalives_idle=10",
        "keepalives_interval=5",
        "keepalives_count=3",
    ];
    let mut limited = url.to_owned();
    for limit in LIMITS {
        let name = limit.split_inclusive('=').next().unwrap_or_default();
        if !url.contains(name) {
            limited.push(if limited.contains('?') { '&' } else { '?' });
            limited.push_str(limit);
        }
    }
    limited
}

fn open_sqlite(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(StoreError::open)?;
    // FULL: a commit that was answered survives a power cut.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
    )
    .map_err(StoreError::from)?;
    Ok(conn)
}

/// A request that waits longer in PostgreSQL fails, so that one stuck lock does not hold every connection.
const LIMITS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '30s'";

/// Opens connections for the pool, and knows which of them are no good any more.
#[derive(Clone)]
pub(in crate::store) struct Manager {
    place: Place,
    /// Grows when the database turns out to have gone away: what was opened before is dead.
    era: Arc<AtomicU64>,
}

/// A connection in the pool.
pub(in crate::store) struct Pooled {
    pub(in crate::store) conn: Conn,
    era: u64,
}

impl Manager {
    pub(in crate::store) fn new(place: Place, era: Arc<AtomicU64>) -> Self {
        Self { place, era }
    }
}

impl Pooled {
    pub(in crate::store) fn is_of(&self, era: &AtomicU64) -> bool {
        self.era == era.load(Ordering::Acquire)
    }

    /// Whether the other end still answers.
    pub(in crate::store) fn answers(&mut self) -> bool {
        self.conn.batch_execute("SELECT 1").is_ok()
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = StoreError;

    fn connect(&self) -> Result<Pooled, StoreError> {
        // Read first: a connection that was opened while the database went away must not count as a new one.
        let era = self.era.load(Ordering::Acquire);
        let mut conn = self.place.open()?;
        if let Conn::Postgres(conn) = &mut conn {
            conn.batch_execute(LIMITS).map_err(StoreError::from)?;
        }
        Ok(Pooled { conn, era })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), StoreError> {
        pooled.conn.batch_execute("SELECT 1").map_err(StoreError::from)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        use diesel::connection::TransactionManager;
        let in_broken_transaction = match &mut pooled.conn {
            Conn::Postgres(conn) => {
                diesel::connection::AnsiTransactionManager::is_broken_transaction_manager(conn)
            }
            Conn::Sqlite(conn) => {
                diesel::connection::AnsiTransactionManager::is_broken_transaction_manager(conn)
            }
        };
        in_broken_transaction || !pooled.is_of(&self.era)
    }
}
