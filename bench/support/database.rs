//! The measured databases and their statistics.

use std::env::{self, VarError};
use std::error::Error;
use std::path::PathBuf;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use keystiled::domain::engine::Engine;
use tempfile::TempDir;

/// A database that starts out empty.
pub(crate) enum Database {
    /// A file in a temporary directory.
    Sqlite(TempDir),
    /// URL of a database in the cluster that `bench/run` starts.
    Postgres(String),
}

/// Updates of a PostgreSQL table, and those of them that changed no index (HOT).
#[derive(Debug, Clone, Copy, QueryableByName)]
pub(crate) struct Updates {
    #[diesel(sql_type = BigInt)]
    pub(crate) all: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) hot: i64,
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Display name of an engine.
pub(crate) fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

impl Database {
    pub(crate) fn both() -> std::io::Result<[Self; 2]> {
        let url = env::var("KEYSTILE_BENCH_POSTGRES_URL")
            .map_err(|error: VarError| std::io::Error::other(format!("{error}: run `make bench`")))?;
        Ok([Self::Sqlite(TempDir::new()?), Self::Postgres(url)])
    }

    /// Another empty database of the same engine.
    pub(crate) fn another(&self, name: &str) -> Result<Self, Box<dyn Error>> {
        match self {
            Self::Sqlite(_) => Ok(Self::Sqlite(TempDir::new()?)),
            Self::Postgres(url) => {
                PgConnection::establish(url)?.batch_execute(&format!("CREATE DATABASE {name}"))?;
                let (server, _) = url.rsplit_once('/').ok_or("the URL of the cluster has no database")?;
                Ok(Self::Postgres(format!("{server}/{name}")))
            }
        }
    }

    /// The value of `KEYSTILE_DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}", file(folder).display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Finishes background work of the filling before anything is measured.
    pub(crate) fn settle(&self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Sqlite(folder) => sqlite(folder)?.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?,
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(url)?;
                conn.batch_execute("VACUUM ANALYZE")?;
                conn.batch_execute("CHECKPOINT")?;
            }
        }
        Ok(())
    }

    /// Rows of all tables.
    pub(crate) fn rows(&self) -> Result<i64, Box<dyn Error>> {
        match self {
            Self::Sqlite(folder) => {
                let mut conn = sqlite(folder)?;
                let tables: Vec<Table> =
                    sql_query("SELECT name FROM sqlite_master WHERE type = 'table'").load(&mut conn)?;
                Ok(sql_query(count(&tables)).get_result::<Count>(&mut conn)?.rows)
            }
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(url)?;
                let tables: Vec<Table> =
                    sql_query("SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'")
                        .load(&mut conn)?;
                Ok(sql_query(count(&tables)).get_result::<Count>(&mut conn)?.rows)
            }
        }
    }

    /// Updates of credentials so far; `None` if the engine does not count them. Connections report their counts when
    /// they end, so stop the server first.
    pub(crate) fn updates(&self) -> Result<Option<Updates>, Box<dyn Error>> {
        let Self::Postgres(url) = self else { return Ok(None) };
        let updates = sql_query(
            "SELECT n_tup_upd AS \"all\", n_tup_hot_upd AS hot FROM pg_stat_user_tables \
             WHERE relname = 'credentials'",
        );
        Ok(Some(updates.get_result(&mut PgConnection::establish(url)?)?))
    }
}

/// The connection that filled the file may not be closed yet.
fn sqlite(folder: &TempDir) -> Result<SqliteConnection, Box<dyn Error>> {
    let mut conn = SqliteConnection::establish(&file(folder).to_string_lossy())?;
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(conn)
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("keystile.db")
}

fn count(tables: &[Table]) -> String {
    let each: Vec<_> = tables.iter().map(|Table { name }| format!("(SELECT COUNT(*) FROM {name})")).collect();
    format!("SELECT {} AS rows", each.join(" + "))
}
