//! The threads that refresh sessions on PostgreSQL.
//!
//! A refresh costs the server little and the way to it much. So whatever has queued up while the last statement was on
//! its way is rotated together, by one statement that commits by itself. A batch forms by itself under load; nothing
//! ever waits for one to fill.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::mpsc;

use super::batch::gather;
use super::conn::Manager;
use super::error::StoreError;
use super::link::Link;
use super::rotation::{self, LiveSession, Rotation, Sealed};
use crate::domain::time::Clock;

/// Rotations that may wait; the next one is told to come back later.
const QUEUE: usize = 4096;
/// Rotations in one statement at the most.
const BATCH: usize = 64;
/// One talks to the database while the other gathers.
const THREADS: usize = 2;

/// Whether what was presented belongs to the session that it names.
pub(super) type Check = Box<dyn FnOnce(&Sealed) -> bool + Send>;

/// Takes what came of a rotation, on the thread of the rotator.
pub(super) type Delivery = Box<dyn FnOnce(Result<Option<LiveSession>, StoreError>) + Send>;

struct Job {
    rotation: Rotation,
    check: Check,
    deliver: Delivery,
}

/// The way to the threads. They end when the last handle is dropped.
pub(super) struct Rotator(mpsc::Sender<Job>);

impl Rotator {
    /// Starts the threads. Each opens a connection of its own when it needs one.
    pub(super) fn start(manager: &Manager, clock: &Clock) -> Result<Self, StoreError> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..THREADS {
            let mut link = Link::new(manager.clone());
            let (clock, queue) = (clock.clone(), queue.clone());
            thread::Builder::new()
                .name("store-rotator".to_owned())
                .spawn(move || {
                    while let Some(batch) = next_batch(&queue) {
                        // A bug in one batch must not take the thread from all others; whoever waits for it is told.
                        if catch_unwind(AssertUnwindSafe(|| serve(&mut link, &clock, batch))).is_err() {
                            link.close();
                            tracing::error!("rotating a batch panicked");
                        }
                    }
                })
                .map_err(|error| StoreError::Failed(error.to_string()))?;
        }
        Ok(Self(sender))
    }

    /// An error means that nothing was tried.
    pub(super) fn submit(
        &self,
        rotation: Rotation,
        check: Check,
        deliver: Delivery,
    ) -> Result<(), StoreError> {
        self.0
            .try_send(Job { rotation, check, deliver })
            .map_err(|_| StoreError::Unavailable("the queue of refreshes is full".to_owned()))
    }
}

/// Whatever waits; nothing once the store is closed.
fn next_batch(queue: &Mutex<mpsc::Receiver<Job>>) -> Option<Vec<Job>> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let first = queue.blocking_recv()?;
    Some(gather(first, &mut queue, BATCH))
}

/// Answers a batch. Those whose token does not belong to their session, or whose session is there twice, change nothing.
fn serve(link: &mut Link, clock: &Clock, batch: Vec<Job>) {
    let mut rotations = Vec::with_capacity(batch.len());
    let mut waiting = HashMap::with_capacity(batch.len());
    let done = check(link, batch).and_then(|checked| {
        for (rotation, deliver) in checked {
            waiting.insert(rotation.id.clone(), deliver);
            rotations.push(rotation);
        }
        if rotations.is_empty() {
            return Ok(Vec::new());
        }
        let conn = link.connection()?;
        rotation::rotate(conn, &rotations, clock.now())
    });
    match done {
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
            link.close();
            for deliver in waiting.into_values() {
                deliver(Err(StoreError::Unavailable(error.to_string())));
            }
        }
    }
}

/// Leaves those that may rotate and answers the others.
fn check(link: &mut Link, batch: Vec<Job>) -> Result<Vec<(Rotation, Delivery)>, StoreError> {
    let sealed = {
        let ids: Vec<&str> = batch.iter().map(|job| job.rotation.id.as_str()).collect();
        link.begin(|conn| rotation::sealed(conn, &ids))
    };
    let sealed = match sealed {
        Ok(sealed) => sealed,
        Err(error) => {
            for job in batch {
                (job.deliver)(Err(StoreError::Unavailable(error.to_string())));
            }
            return Err(error);
        }
    };
    let sealed: HashMap<&str, &Sealed> = sealed.iter().map(|sealed| (sealed.id(), sealed)).collect();
    let mut seen = HashSet::with_capacity(batch.len());
    let mut checked = Vec::with_capacity(batch.len());
    for Job { rotation, check, deliver } in batch {
        let belongs = sealed.get(rotation.id.as_str()).is_some_and(|sealed| check(sealed));
        if belongs && seen.insert(rotation.id.clone()) {
            checked.push((rotation, deliver));
        } else {
            deliver(Ok(None));
        }
    }
    Ok(checked)
}
