//! File descriptor limit, and the number of connections that it allows.

/// Descriptors for anything but connections and the database.
const RESERVED: usize = 64;
/// A SQLite connection opens a file, a WAL and shared memory, and sometimes a journal.
const PER_DATABASE_CONNECTION: usize = 4;
/// Database connections outside of the pools.
const BESIDES_THE_POOLS: usize = 6;
/// Minimum number of connections, whatever the limit.
const MIN_CONNECTIONS: usize = 16;

/// Raises the soft limit of open files to the hard limit. Many systems start programs with 1024, for programs
/// that break with more.
#[cfg(unix)]
pub(super) fn raise() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the number of files that may be open could not be raised");
    }
}

#[cfg(not(unix))]
pub(super) fn raise() {}

/// Number of concurrent connections: `wanted`, or fewer if the descriptor limit and the database pools leave
/// fewer.
pub(super) fn connections(wanted: usize, pooled: u32) -> usize {
    let allowed = allowed().map_or(wanted, |files| left_of(files, pooled));
    if allowed < wanted {
        tracing::info!(
            allowed,
            wanted,
            "the limit of open files allows fewer connections than server.max_connections"
        );
    }
    wanted.min(allowed)
}

fn left_of(files: usize, pooled: u32) -> usize {
    let database = (pooled as usize + BESIDES_THE_POOLS) * PER_DATABASE_CONNECTION;
    files.saturating_sub(RESERVED + database).max(MIN_CONNECTIONS)
}

#[cfg(unix)]
fn allowed() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.and_then(|files| usize::try_from(files).ok())
}

#[cfg(not(unix))]
fn allowed() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_and_the_log_keep_their_descriptors() {
        assert_eq!(left_of(1024, 12), 1024 - 64 - 72);
        assert_eq!(left_of(20, 12), MIN_CONNECTIONS);
    }
}
