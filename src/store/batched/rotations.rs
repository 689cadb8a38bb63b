//! Refreshes of sessions on PostgreSQL, many at once: one look at what their tokens are checked against, and one statement
//! that rotates and commits by itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::engine::batcher::Batcher;
use super::super::engine::dedicated_connection::Link;
use super::super::engine::error::{Cause, StoreError};
use super::super::engine::manager::Manager;
use super::rotation::{self, LiveSession, Rotation, Sealed};
use crate::domain::time::Clock;
use crate::supervise::Tasks;

/// One talks to the database while the other gathers.
const THREADS: usize = 2;

/// Whether what was presented belongs to the session that it names.
pub(in crate::store) type Check = Box<dyn FnOnce(&Sealed) -> bool + Send>;

/// Takes what came of a rotation, on the thread of the rotator.
pub(in crate::store) type Delivery = Box<dyn FnOnce(Result<Option<LiveSession>, StoreError>) + Send>;

pub(in crate::store) struct Job {
    pub(in crate::store) rotation: Rotation,
    pub(in crate::store) check: Check,
    pub(in crate::store) deliver: Delivery,
}

pub(in crate::store) fn start(
    tasks: &Tasks,
    manager: &Manager,
    clock: &Clock,
) -> Result<Batcher<Job>, StoreError> {
    Batcher::start("store-rotator", THREADS, tasks, manager, clock, serve)
}

fn serve(link: &mut Link, clock: &Clock, batch: Vec<Job>) {
    let ids: Vec<&str> = batch.iter().map(|job| job.rotation.id.as_str()).collect();
    let sealed = link.begin(|conn| rotation::sealed(conn, &ids));
    let (rotations, mut waiting) = match sealed {
        Ok(sealed) => checked(batch, &sealed),
        Err(error) => {
            let error = link.fail(error);
            return refuse(batch.into_iter().map(|job| job.deliver), &error);
        }
    };
    if rotations.is_empty() {
        return;
    }
    match link.connection().and_then(|conn| rotation::rotate(conn, &rotations, clock.now())) {
        Ok(rotated) => {
            for session in rotated {
                if let Some(deliver) = waiting.remove(&session.id) {
                    deliver(Ok(Some(session)));
                }
            }
            for deliver in waiting.into_values() {
                deliver(Ok(None));
            }
        }
        Err(error) => {
            let error = link.fail(error);
            match error.cause() {
                // Certainly nothing has rotated, so each of them is tried again in a transaction of its own.
                Some(Cause::ReadOnly | Cause::Collided) => {
                    for deliver in waiting.into_values() {
                        deliver(Ok(None));
                    }
                }
                Some(Cause::Lost | Cause::Busy) | None => refuse(waiting.into_values(), &error),
            }
        }
    }
}

/// Leaves those that may rotate. Those whose token does not belong to their session, or whose session is there twice,
/// change nothing and are answered.
fn checked(batch: Vec<Job>, sealed: &[Sealed]) -> (Vec<Rotation>, HashMap<String, Delivery>) {
    let sealed: HashMap<&str, &Sealed> = sealed.iter().map(|sealed| (sealed.id(), sealed)).collect();
    let mut rotations = Vec::with_capacity(batch.len());
    let mut waiting = HashMap::with_capacity(batch.len());
    for Job { rotation, check, deliver } in batch {
        let belongs = sealed.get(rotation.id.as_str()).is_some_and(|sealed| check(sealed));
        match waiting.entry(rotation.id.clone()) {
            Entry::Vacant(place) if belongs => {
                place.insert(deliver);
                rotations.push(rotation);
            }
            Entry::Vacant(_) | Entry::Occupied(_) => deliver(Ok(None)),
        }
    }
    (rotations, waiting)
}

fn refuse(waiting: impl Iterator<Item = Delivery>, error: &StoreError) {
    for deliver in waiting {
        deliver(Err(error.clone()));
    }
}
