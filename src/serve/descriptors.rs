//! How many connections the system lets the process have.

/// What the process opens besides connections and the files of its database.
const RESERVED: usize = 64;
/// A SQLite connection has a file, a log and shared memory open, and sometimes a journal.
const PER_DATABASE_CONNECTION: usize = 4;
/// Connections of the store besides its pools.
const BESIDES_THE_POOLS: usize = 6;
/// Even where nearly nothing may be opened, some connections are let in.
const MIN_CONNECTIONS: usize = 16;

/// Raises the number of files that the process may open to the most that the system allows it. The shells of many
/// systems start programs with 1024, for the sake of programs that a larger number breaks.
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

/// How many connections there may be at once: as many as are wanted, if the system allows it besides the pooled connections
/// to the database.
pub(super) fn connections(wanted: usize, pooled: u32) -> usize {
    let allowed = allowed().map_or(wanted, |files| left_of(files, pooled));
    if allowed < wanted {
        tracing::info!(
            allowed,
            wanted,
            "the system lets fewer connections be open than server.max_connections"
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
