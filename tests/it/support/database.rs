//! Databases for tests.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

const POSTGRES_URL: &str = "KEYSTILE_TEST_POSTGRES_URL";

/// An empty database, removed on drop.
pub(crate) enum Database {
    /// A file in a folder.
    Sqlite(TempDir),
    /// A schema of the cluster that `make test` starts.
    Postgres { cluster: String, schema: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let cluster = env::var(POSTGRES_URL).unwrap_or_else(|_| {
            panic!("{POSTGRES_URL} is not set: run `make test`, which starts a PostgreSQL")
        });
        let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        execute(&cluster, &format!("CREATE SCHEMA {schema}"));
        Self::Postgres { cluster, schema }
    }

    /// Value of `KEYSTILE_DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/keystile.db", folder.path().display()),
            Self::Postgres { cluster, schema } => {
                format!("{cluster}?options=-c%20search_path%3D{schema}&application_name={schema}")
            }
        }
    }

    /// Closes all connections to this database, as a restart of PostgreSQL does.
    pub(crate) fn cut_connections(&self) {
        if let Self::Postgres { cluster, schema } = self {
            let theirs = format!("FROM pg_stat_activity WHERE application_name = '{schema}'");
            execute(cluster, &format!("SELECT pg_terminate_backend(pid) {theirs}"));
        }
    }
}

/// Locks held by another process, until dropped.
pub(crate) enum Locked {
    Sqlite(#[expect(dead_code, reason = "holds the lock")] SqliteConnection),
    Postgres(#[expect(dead_code, reason = "holds the lock")] PgConnection),
}

impl Database {
    /// Locks all tables against writes, and on PostgreSQL also against reads of sessions and keys.
    pub(crate) fn lock_everything(&self) -> Locked {
        match self {
            Self::Sqlite(folder) => {
                let path = folder.path().join("keystile.db");
                let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
                Locked::Sqlite(connection)
            }
            Self::Postgres { .. } => {
                let mut connection = PgConnection::establish(&self.url()).unwrap();
                connection.batch_execute("BEGIN; LOCK TABLE credentials IN ACCESS EXCLUSIVE MODE").unwrap();
                Locked::Postgres(connection)
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Postgres { cluster, schema } = self {
            execute(cluster, &format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

fn execute(url: &str, statement: &str) {
    let mut connection =
        PgConnection::establish(url).unwrap_or_else(|error| panic!("{POSTGRES_URL}: {error}"));
    connection.batch_execute(&format!("SET client_min_messages = warning; {statement}")).unwrap();
}
