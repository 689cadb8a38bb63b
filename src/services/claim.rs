//! Allows one server at a time on a SQLite file.
//!
//! A server caches clients, limits and keys in memory, and SQLite does not notify it of another server's
//! changes. So a server locks a file next to the database for as long as it runs; the system releases the
//! lock when the process ends. Administration commands do not take it.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::instance::{self, InstanceError};
use super::private_files;
use crate::config::Config;

/// How long a start waits for the lock: a server that was told to stop a moment ago may still be ending.
const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(50);

/// The right to serve this database, until dropped.
#[derive(Debug)]
pub struct DatabaseClaim(#[expect(dead_code, reason = "held for its lock")] File);

/// Claims the database for a server; `None` for PostgreSQL, which serves many nodes. Blocks for up to two seconds while
/// another server has it.
pub fn claim(config: &Config) -> Result<Option<DatabaseClaim>, InstanceError> {
    let Some(database) = config.database.url.sqlite_path() else { return Ok(None) };
    // A refused start leaves no file behind.
    if instance::is_missing(config)? && database.starts_with(&config.server.data_dir) {
        instance::create_data_dir(config)?;
    }
    // Symbolic links to one file share one lock; SQLite follows them too.
    let path = lock_path(&fs::canonicalize(database).unwrap_or_else(|_| database.to_owned()));
    let failed = |error: io::Error| InstanceError::File { path: path.clone(), error };
    let mut file = private_files::open_for_locking(&path).map_err(failed)?;
    match try_lock(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let known = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if known { format!(" (process {})", holder.trim()) } else { String::new() };
            return Err(InstanceError::InUse { path: database.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
            tracing::warn!(
                file = %path.display(),
                "this file system has no locks, so nothing prevents a second server on this database"
            );
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    // The PID is only for people, so a full disk must not prevent the start.
    let named = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    if let Err(error) = named {
        tracing::warn!(%error, file = %path.display(), "the process id could not be written to the lock file");
    }
    Ok(Some(DatabaseClaim(file)))
}

fn try_lock(file: &File) -> Result<(), TryLockError> {
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => thread::sleep(RETRY),
            outcome => return outcome,
        }
    }
}

/// `keystile.db.lock` for `keystile.db`.
fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
