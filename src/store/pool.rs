//! The store: `write`, `read`, and the batched operations.

use std::sync::Arc;

use super::batched::credential_holders::HeldCredential;
use super::batched::decided_write;
use super::batched::lookups::LookupBatcher;
use super::batched::redemption::{self, Redemption, StoredCode};
use super::batched::redemptions;
use super::batched::rotation::{self, Rotation, StoredSession};
use super::batched::rotations;
use super::batched::sqlite_writer::Writer;
use super::engine::batcher::Batcher;
use super::engine::conn::{Conn, DatabaseLocation};
use super::engine::error::StoreError;
use super::engine::manager::Manager;
use super::queued_pool::QueuedPool;
use super::tx_error::TxError;
use super::work::Work;
use crate::domain::clock::Clock;
use crate::domain::engine::Engine;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::supervise::Tasks;

/// The database, SQLite or PostgreSQL.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Engine,
    requests: QueuedPool,
    reports: QueuedPool,
    batches: Batches,
    lookup_batcher: LookupBatcher,
    clock: Clock,
    tasks: Tasks,
}

/// Operations that are batched.
enum Batches {
    /// Every write, because SQLite has one writer at a time.
    Sqlite(Writer),
    /// Only the most frequent ones, to save round trips to the server.
    Postgres { rotations: Batcher<rotations::Job>, redemptions: Batcher<redemptions::Job> },
}

impl Store {
    /// Opens the database. The schema must be up to date.
    pub fn open(
        place: &DatabaseLocation,
        connections: u32,
        report_connections: u32,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let tasks = Tasks::default();
        let manager = Manager::new(place.clone());
        let batches = match place.engine() {
            Engine::Sqlite => Batches::Sqlite(Writer::start(&tasks, place.open()?, clock.clone())?),
            Engine::Postgres => Batches::Postgres {
                rotations: rotations::start(&tasks, &manager, &clock)?,
                redemptions: redemptions::start(&tasks, &manager, &clock)?,
            },
        };
        let lookup_batcher = LookupBatcher::start(&tasks, &manager, &clock)?;
        let requests = QueuedPool::open(manager.clone(), connections, 1)?;
        let reports = QueuedPool::open(manager, report_connections, 0)?;
        Ok(Self(Arc::new(Inner {
            engine: place.engine(),
            requests,
            reports,
            batches,
            lookup_batcher,
            clock,
            tasks,
        })))
    }

    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// The source of `now`.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The background tasks of the store; the server adds its own.
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// The current time of the store's clock.
    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// Runs `work` in one write transaction: `Err` rolls back, `Ok` is returned after the commit.
    ///
    /// On PostgreSQL, `work` runs again if nothing was committed and a retry can help: after a deadlock or
    /// serialization failure, or on a new connection if the old one was lost or reached a read-only server. So `work`
    /// must have no effect other than on its connection.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        if let Batches::Sqlite(writer) = &self.0.batches {
            return writer.run(work).await;
        }
        let clock = self.0.clock.clone();
        self.0.requests.run(move |lane| lane.write(&clock, &work)).await
    }

    /// [`Store::write`] for work that may be refused: a refusal still commits what was written before it.
    pub async fn write_or_refuse<T, E, F>(&self, work: F) -> Result<T, TxError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, TxError<E>> + Clone + Send + 'static,
    {
        TxError::unsettle(self.write(move |transaction| TxError::settle(work(transaction))).await)
    }

    /// Rotates a session on the batch thread, if `decide` returns a rotation. `deliver` gets the value that `decide`
    /// returned with it after the commit, and `None` if nothing changed. It must not block the thread.
    pub fn rotate<T, F, D>(&self, session_id: String, decide: F, deliver: D) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(StoredSession, Time) -> Option<(Rotation, T)> + Send + 'static,
        D: FnOnce(Result<Option<T>, StoreError>) + Send + 'static,
    {
        match &self.0.batches {
            Batches::Sqlite(writer) => {
                writer.submit(move |work| rotation::rotate_if(work, &session_id, decide), deliver)
            }
            Batches::Postgres { rotations, .. } => {
                rotations.submit(decided_write::job(session_id, decide, deliver))
            }
        }
    }

    /// Redeems an authorization code on the batch thread, if `decide` returns a redemption. `deliver` is as in
    /// [`Store::rotate`].
    pub fn redeem<T, F, D>(&self, code: Digest, decide: F, deliver: D) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(StoredCode, Time) -> Option<(Redemption, T)> + Send + 'static,
        D: FnOnce(Result<Option<T>, StoreError>) + Send + 'static,
    {
        match &self.0.batches {
            Batches::Sqlite(writer) => {
                writer.submit(move |work| redemption::redeem_if(work, code, decide), deliver)
            }
            Batches::Postgres { redemptions, .. } => {
                redemptions.submit(decided_write::job(code, decide, deliver))
            }
        }
    }

    /// Runs `query` on a connection outside of a transaction; once more on a new connection if the old one was lost.
    pub async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        self.0.requests.run(move |lane| lane.read(&query)).await
    }

    /// [`Store::read`] for work that may be refused.
    pub async fn read_or_refuse<T, E, F>(&self, query: F) -> Result<T, TxError<E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, TxError<E>> + Clone + Send + 'static,
    {
        TxError::unsettle(self.read(move |conn| TxError::settle(query(conn))).await)
    }

    /// [`Store::read`] for expensive queries: filtered logs, exports, sums. Uses a connection pool of its own, so that
    /// reports never delay other requests; too many at once fail with [`StoreError::Unavailable`].
    pub async fn report<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        self.0.reports.run(move |lane| lane.read(&query)).await
    }

    /// The current state of the API key or personal token with this secret, and its holder.
    pub async fn find_by_secret(&self, secret: Digest) -> Result<Option<HeldCredential>, StoreError> {
        self.0.lookup_batcher.look(secret).await
    }
}
