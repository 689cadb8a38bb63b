//! A connection pool with a bounded wait.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::engine::conn::Conn;
use super::engine::error::{Cause, StoreError};
use super::engine::manager::{LIFETIME, Manager, PoolError};
use super::transaction::{self, FailedTransaction};
use super::work::Work;
use crate::domain::clock::Clock;

/// How long a request waits for a connection before it fails as unavailable.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How often a write is attempted when it deadlocks.
const MAX_ATTEMPTS: usize = 5;

/// A pool and the queue in front of it.
#[derive(Clone)]
pub(super) struct QueuedPool {
    manager: Manager,
    pool: r2d2::Pool<Manager>,
    /// One permit per pooled connection, so that no thread blocks in the pool.
    permits: Arc<Semaphore>,
}

impl QueuedPool {
    pub(super) fn open(manager: Manager, connections: u32, min_idle: u32) -> Result<Self, StoreError> {
        let pool = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(min_idle))
            .connection_timeout(TIMEOUT)
            .error_handler(Box::new(LogPoolErrors))
            .max_lifetime(Some(LIFETIME))
            .test_on_check_out(false)
            .build(manager.clone())
            .map_err(|error| StoreError::Unavailable(error.to_string().into()))?;
        Ok(Self { manager, pool, permits: Arc::new(Semaphore::new(connections as usize)) })
    }

    /// Runs `job` on a blocking thread, once a connection is free.
    pub(super) async fn run<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = tokio::time::timeout(TIMEOUT, self.permits.clone().acquire_owned());
        let permit = turn
            .await
            .map_err(|_| StoreError::Unavailable("every connection is busy".into()))?
            .map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let lane = self.clone();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            job(&lane)
        })
        .await
        .map_err(|error| StoreError::Failed(error.to_string()))?
    }

    /// Runs a write transaction on PostgreSQL, and again where it certainly had no effect.
    pub(super) fn write<T, F>(&self, clock: &Clock, work: &F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Clone,
    {
        let mut tries = 1..MAX_ATTEMPTS;
        let mut moved = false;
        loop {
            let mut pooled = self.connection()?;
            let now = clock.now();
            let done = transaction::run(&mut pooled.conn, self.manager.begin(), now, work.clone());
            let FailedTransaction { error, certainly } = match done {
                Ok(done) => return Ok(done),
                Err(undone) => undone,
            };
            let error = self.manager.note_failure(&mut pooled, error);
            let again = certainly
                && match error.cause() {
                    Some(Cause::Collided) => tries.next().is_some(),
                    Some(Cause::Lost | Cause::ReadOnly) => !mem::replace(&mut moved, true),
                    Some(Cause::Busy) | None => false,
                };
            if !again {
                return Err(error);
            }
            tracing::debug!(%error, "retrying a write");
        }
    }

    /// Runs `query`; once more on a new connection if the first one was lost.
    pub(super) fn read<T, F>(&self, query: &F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Conn) -> Result<T, StoreError> + Clone,
    {
        let mut moved = false;
        loop {
            let mut pooled = self.connection()?;
            let error = match query.clone()(&mut pooled.conn) {
                Ok(done) => return Ok(done),
                Err(error) => self.manager.note_failure(&mut pooled, error),
            };
            match error.cause() {
                Some(Cause::Lost | Cause::ReadOnly) if !mem::replace(&mut moved, true) => {}
                Some(Cause::Lost | Cause::ReadOnly | Cause::Collided | Cause::Busy) | None => {
                    return Err(error);
                }
            }
        }
    }

    /// A connection of the current generation. Testing each connection first would cost every request a round trip;
    /// instead, the first failure ends the whole generation.
    fn connection(&self) -> Result<r2d2::PooledConnection<Manager>, StoreError> {
        loop {
            let pooled =
                self.pool.get().map_err(|error| StoreError::Unavailable(error.to_string().into()))?;
            if self.manager.is_current(&pooled) {
                return Ok(pooled);
            }
        }
    }
}

#[derive(Debug)]
struct LogPoolErrors;

impl r2d2::HandleError<PoolError> for LogPoolErrors {
    fn handle_error(&self, error: PoolError) {
        tracing::warn!(%error, "a database connection could not be opened");
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::engine::conn::DatabaseLocation;
    use super::*;

    #[test]
    fn a_connection_that_cannot_be_opened_is_reported_once() {
        let nowhere = Manager::new(DatabaseLocation::File(PathBuf::from("/nonexistent/keystile.db")));
        let lane = QueuedPool::open(nowhere, 1, 0).unwrap();
        let error = lane.read(&|_: &mut Conn| Ok(())).unwrap_err().to_string();
        assert_eq!(error.matches("the database is unavailable").count(), 1, "{error}");
        assert!(error.contains("unable to open database file"), "{error}");
    }
}
