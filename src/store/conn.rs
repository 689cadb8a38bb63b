//! One connection type for two engines, and how one is opened.

use std::path::Path;

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
            Self::Url(url) => PgConnection::establish(url).map(Conn::Postgres).map_err(StoreError::connect),
        }
    }
}

fn open_sqlite(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(StoreError::connect)?;
    // FULL: a commit that was answered survives a power cut.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
    )
    .map_err(StoreError::from)?;
    Ok(conn)
}

/// Opens and checks connections for the pool.
pub(in crate::store) struct Manager(pub(in crate::store) Place);

impl r2d2::ManageConnection for Manager {
    type Connection = Conn;
    type Error = StoreError;

    fn connect(&self) -> Result<Conn, StoreError> {
        self.0.open()
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), StoreError> {
        conn.batch_execute("SELECT 1").map_err(StoreError::from)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        use diesel::connection::TransactionManager;
        match conn {
            Conn::Postgres(conn) => {
                diesel::connection::AnsiTransactionManager::is_broken_transaction_manager(conn)
            }
            Conn::Sqlite(conn) => {
                diesel::connection::AnsiTransactionManager::is_broken_transaction_manager(conn)
            }
        }
    }
}
