//! The databases that are measured.

use std::env::{self, VarError};

use tempfile::TempDir;

/// An empty database.
pub(crate) enum Database {
    /// A file in a folder of its own.
    Sqlite(TempDir),
    /// The cluster that `make bench` starts.
    Postgres(String),
}

impl Database {
    pub(crate) fn both() -> std::io::Result<[Self; 2]> {
        let url = env::var("KEYSTILE_BENCH_POSTGRES_URL")
            .map_err(|error: VarError| std::io::Error::other(format!("{error}: run `make bench`")))?;
        Ok([Self::Sqlite(TempDir::new()?), Self::Postgres(url)])
    }

    /// What the server is given as `KEYSTILE_DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/keystile.db", folder.path().display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    /// The engine and how a commit reaches the disk.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite, WAL, synchronous FULL",
            Self::Postgres(_) => "PostgreSQL, fsync on",
        }
    }
}
