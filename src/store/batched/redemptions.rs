//! Batched redemptions of authorization codes on PostgreSQL, one transaction per batch.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::audit;
use super::super::engine::batcher::Batcher;
use super::super::engine::conn::Conn;
use super::super::engine::dedicated_connection::DedicatedConnection;
use super::super::engine::error::{Cause, StoreError};
use super::super::engine::manager::Manager;
use super::super::transaction::{self, FailedTransaction};
use super::super::work::Work;
use super::decided_write::DecidedWrite;
use super::redemption::{self, Redemption, StoredCode};
use crate::domain::clock::Clock;
use crate::domain::secret::Digest;
use crate::supervise::Tasks;

/// More threads would not help: redemptions in one organization wait for the head of its audit chain.
const THREADS: usize = 1;

/// The redemption of a code, keyed by its digest.
pub(in crate::store) type Job = Box<dyn DecidedWrite<Digest, StoredCode, Redemption>>;

pub(in crate::store) fn start(
    tasks: &Tasks,
    manager: &Manager,
    clock: &Clock,
) -> Result<Batcher<Job>, StoreError> {
    Batcher::start("store-redeemer", THREADS, tasks, manager, clock, serve)
}

fn serve(dedicated: &mut DedicatedConnection, clock: &Clock, mut batch: Vec<Job>) {
    let done = match transact(dedicated, clock, &mut batch) {
        Ok(redeemed) => Ok(redeemed),
        Err(FailedTransaction { error, certainly }) => {
            let error = dedicated.fail(error);
            if certainly && !is_unavailable(&error) {
                // Nothing was redeemed, so each one is retried in a transaction of its own; only those that cause the
                // error fail.
                tracing::warn!(%error, "a batch of redemptions failed; retrying one by one");
                Ok(Vec::new())
            } else {
                Err(error)
            }
        }
    };
    for (number, job) in batch.into_iter().enumerate() {
        let outcome = match &done {
            Ok(redeemed) => Ok(redeemed.contains(&number)),
            Err(error) => Err(error.clone()),
        };
        // A panic in one answer must not keep the others from theirs.
        if catch_unwind(AssertUnwindSafe(|| job.answer(outcome))).is_err() {
            tracing::error!("the answer to a redemption panicked");
        }
    }
}

fn transact(
    dedicated: &mut DedicatedConnection,
    clock: &Clock,
    batch: &mut [Job],
) -> Result<Vec<usize>, FailedTransaction> {
    let certainly = |error| FailedTransaction { error, certainly: true };
    let begin = dedicated.manager().begin();
    dedicated.begin(|conn| transaction::start(conn, begin)).map_err(certainly)?;
    let conn = dedicated.connection().map_err(certainly)?;
    let redeemed = redeem(conn, clock, batch).map_err(certainly)?;
    transaction::commit(conn).map(|()| redeemed)
}

/// Whether a retry of each one alone would fail in the same way.
fn is_unavailable(error: &StoreError) -> bool {
    match error.cause() {
        Some(Cause::Busy) => true,
        Some(Cause::Lost | Cause::ReadOnly | Cause::Collided) | None => false,
    }
}

/// Returns the indexes of the jobs that will be done by the commit.
fn redeem(conn: &mut Conn, clock: &Clock, batch: &mut [Job]) -> Result<Vec<usize>, StoreError> {
    let hashes: Vec<Digest> = batch.iter().map(|job| *job.key()).collect();
    let mut stored = redemption::lock_free(conn, &hashes)?;
    let mut work = Work::new(conn, clock.now());
    let (mut redeemed, mut codes) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
    for (number, job) in batch.iter_mut().enumerate() {
        // Removed, so that a second job with the same code finds nothing.
        let hash = *job.key();
        let Some(place) = stored.iter().position(|stored| stored.code.hash == hash) else { continue };
        let stored = stored.swap_remove(place);
        if let Some(Redemption { session, event }) = job.decide(stored, work.now) {
            codes.push((hash, session));
            work.record(event);
            redeemed.push(number);
        }
    }
    if !codes.is_empty() {
        redemption::redeem(work.conn, &codes, work.now)?;
    }
    let events = work.into_events();
    audit::append(conn, events)?;
    Ok(redeemed)
}
