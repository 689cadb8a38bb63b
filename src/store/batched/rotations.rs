//! Batched refreshes on PostgreSQL: one query reads the sessions, and one statement rotates them and commits by itself.

use std::collections::HashMap;

use super::super::engine::batcher::Batcher;
use super::super::engine::dedicated_connection::DedicatedConnection;
use super::super::engine::error::{Cause, StoreError};
use super::super::engine::manager::Manager;
use super::decided_write::DecidedWrite;
use super::rotation::{self, Rotation, StoredSession};
use crate::domain::clock::Clock;
use crate::domain::time::Time;
use crate::supervise::Tasks;

/// One thread waits for the database while the other collects a batch.
const THREADS: usize = 2;

/// The refresh of a session, keyed by its id.
pub(in crate::store) type Job = Box<dyn DecidedWrite<String, StoredSession, Rotation>>;

pub(in crate::store) fn start(
    tasks: &Tasks,
    manager: &Manager,
    clock: &Clock,
) -> Result<Batcher<Job>, StoreError> {
    Batcher::start("store-rotator", THREADS, tasks, manager, clock, serve)
}

fn serve(dedicated: &mut DedicatedConnection, clock: &Clock, batch: Vec<Job>) {
    let ids: Vec<&str> = batch.iter().map(|job| job.key().as_str()).collect();
    let stored = match dedicated.begin(|conn| rotation::find_all(conn, &ids)) {
        Ok(stored) => stored,
        Err(error) => return answer(batch, &Err(dedicated.fail(error))),
    };
    let now = clock.now();
    let (rotations, mut waiting) = decided(batch, stored, now);
    if rotations.is_empty() {
        return;
    }
    match dedicated.connection().and_then(|conn| rotation::rotate(conn, &rotations, now)) {
        Ok(rotated) => {
            for id in rotated {
                if let Some(job) = waiting.remove(&id) {
                    job.answer(Ok(true));
                }
            }
            answer(waiting.into_values(), &Ok(false));
        }
        Err(error) => {
            let error = dedicated.fail(error);
            let outcome = match error.cause() {
                // Certainly nothing was rotated, so each one is retried on the slow path.
                Some(Cause::ReadOnly | Cause::Collided) => Ok(false),
                Some(Cause::Lost | Cause::Busy) | None => Err(error),
            };
            answer(waiting.into_values(), &outcome);
        }
    }
}

/// Returns the rotations to make and their jobs. Answers all other jobs: refused ones, those whose session does not
/// exist, and repetitions of a session in the batch.
fn decided(batch: Vec<Job>, stored: Vec<StoredSession>, now: Time) -> (Vec<Rotation>, HashMap<String, Job>) {
    let mut stored: HashMap<String, StoredSession> =
        stored.into_iter().map(|session| (session.id.clone(), session)).collect();
    let mut rotations = Vec::with_capacity(batch.len());
    let mut waiting = HashMap::with_capacity(batch.len());
    for mut job in batch {
        // Removed, so that a second job with the same session finds nothing.
        let rotation = stored.remove(job.key()).and_then(|session| job.decide(session, now));
        if let Some(rotation) = rotation {
            rotations.push(rotation);
            waiting.insert(job.key().clone(), job);
        } else {
            job.answer(Ok(false));
        }
    }
    (rotations, waiting)
}

fn answer(jobs: impl IntoIterator<Item = Job>, outcome: &Result<bool, StoreError>) {
    for job in jobs {
        job.answer(outcome.clone());
    }
}
