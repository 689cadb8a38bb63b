//! The connection type for both engines, and how to open one.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use diesel::connection::{CacheSize, SimpleConnection};
use diesel::prelude::*;

use super::error::StoreError;
use crate::config::Pooler;
use crate::domain::engine::Engine;

/// A connection to either engine.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Location of the database.
#[derive(Clone)]
pub enum DatabaseLocation {
    /// The path of a SQLite file.
    File(PathBuf),
    /// A PostgreSQL URL, which may contain a password, and the kind of pooler in front of the server.
    Server { url: String, pooler: Pooler },
}

impl DatabaseLocation {
    pub fn engine(&self) -> Engine {
        match self {
            Self::File(_) => Engine::Sqlite,
            Self::Server { .. } => Engine::Postgres,
        }
    }

    /// Whether session settings and prepared statements persist on a connection. They do not behind a transaction
    /// pooler.
    pub(in crate::store) fn keeps_sessions(&self) -> bool {
        match self {
            Self::File(_) | Self::Server { pooler: Pooler::Session, .. } => true,
            Self::Server { pooler: Pooler::Transaction, .. } => false,
        }
    }

    /// Opens a connection. Sets nothing on the session behind a transaction pooler, which may hand it to another
    /// client.
    pub(in crate::store) fn open(&self) -> Result<Conn, StoreError> {
        match self {
            Self::File(path) => open_sqlite(path).map(Conn::Sqlite),
            Self::Server { url, .. } => {
                let url = completed(url);
                let mut conn =
                    PgConnection::establish(&url).map_err(|error| StoreError::connect_to(&url, error))?;
                if !self.keeps_sessions() {
                    conn.set_prepared_statement_cache_size(CacheSize::Disabled);
                }
                Ok(Conn::Postgres(conn))
            }
        }
    }
}

/// Adds the parameters that the URL lacks: timeouts for an unresponsive server, and `target_session_attrs=read-write`,
/// so that an address that still points to a demoted primary yields no connection.
fn completed(url: &str) -> Cow<'_, str> {
    const DEFAULTS: [(&str, &str); 6] = [
        ("connect_timeout", "5"),
        ("tcp_user_timeout", "10000"),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
        ("target_session_attrs", "read-write"),
    ];
    let set: Vec<&str> = url
        .split_once('?')
        .map_or("", |(_, parameters)| parameters)
        .split('&')
        .filter_map(|pair| Some(pair.split_once('=')?.0))
        .collect();
    let missing = DEFAULTS.iter().filter(|(name, _)| !set.contains(name));
    let missing: Vec<String> = missing.map(|(name, value)| format!("{name}={value}")).collect();
    if missing.is_empty() {
        return Cow::Borrowed(url);
    }
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    Cow::Owned(format!("{url}{separator}{}", missing.join("&")))
}

fn open_sqlite(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(StoreError::open)?;
    // FULL: an acknowledged commit survives a power failure.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
    )
    .map_err(StoreError::from)?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gets_only_the_parameters_that_it_lacks() {
        let all = completed("postgres://db/app").into_owned();
        assert!(all.starts_with("postgres://db/app?connect_timeout=5&tcp_user_timeout=10000&"), "{all}");
        assert!(all.ends_with("&target_session_attrs=read-write"), "{all}");
        let own = completed("postgres://a,b/app?target_session_attrs=any&connect_timeout=1");
        assert!(own.contains("target_session_attrs=any&connect_timeout=1&tcp_user_timeout"), "{own}");
        assert_eq!(own.matches("target_session_attrs").count(), 1);
        assert_eq!(own.matches("connect_timeout").count(), 1);
        assert_eq!(completed(&all), all, "idempotent");
    }
}
