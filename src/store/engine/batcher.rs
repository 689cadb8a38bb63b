//! Threads that do together what is asked for one by one.
//!
//! A statement costs the server little and the way to it much. So whatever has queued up while the last statements were
//! on their way goes together. A batch forms by itself under load; nothing ever waits for one to fill.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::dedicated_connection::DedicatedConnection;
use super::error::StoreError;
use super::manager::Manager;
use crate::domain::time::Clock;
use crate::supervise::Tasks;

/// Jobs that may wait; the next one is told to come back later.
const QUEUE: usize = 4096;
/// Jobs in one batch at the most.
const BATCH: usize = 64;

/// The way to the threads. They end when the last handle is dropped.
pub(in crate::store) struct Batcher<J>(mpsc::Sender<J>);

impl<J: Send + 'static> Batcher<J> {
    /// Starts threads that `serve` batches. Each opens a connection of its own when it needs one.
    pub(in crate::store) fn start(
        name: &'static str,
        threads: usize,
        tasks: &Tasks,
        manager: &Manager,
        clock: &Clock,
        serve: fn(&mut DedicatedConnection, &Clock, Vec<J>),
    ) -> Result<Self, StoreError> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let mut dedicated = DedicatedConnection::new(manager.clone());
            let (clock, queue) = (clock.clone(), queue.clone());
            tasks
                .thread(name, move || {
                    while let Some(batch) = next_batch(&queue) {
                        // A bug in one batch must not take the thread from all others; whoever waits for it is told.
                        if catch_unwind(AssertUnwindSafe(|| serve(&mut dedicated, &clock, batch))).is_err() {
                            dedicated.close();
                            tracing::error!(thread = name, "a batch panicked");
                        }
                    }
                })
                .map_err(|error| StoreError::Failed(error.to_string()))?;
        }
        Ok(Self(sender))
    }

    /// An error means that nothing was tried.
    pub(in crate::store) fn submit(&self, job: J) -> Result<(), StoreError> {
        self.0.try_send(job).map_err(|refused| {
            StoreError::Unavailable(match refused {
                TrySendError::Full(_) => "the queue is full".into(),
                TrySendError::Closed(_) => "the store is closed".into(),
            })
        })
    }
}

/// Whatever waits; nothing once the store is closed.
fn next_batch<J>(queue: &Mutex<mpsc::Receiver<J>>) -> Option<Vec<J>> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let first = queue.blocking_recv()?;
    Some(gather(first, &mut queue, BATCH))
}

/// Adds to `first` whatever waits, up to `most` together. Never waits for more.
pub(in crate::store) fn gather<T>(first: T, queue: &mut mpsc::Receiver<T>, most: usize) -> Vec<T> {
    let mut batch = vec![first];
    while batch.len() < most
        && let Ok(job) = queue.try_recv()
    {
        batch.push(job);
    }
    batch
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::mpsc as std_mpsc;
    use std::time::Duration;

    use super::super::conn::DatabaseLocation;
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    fn start<J: Send + 'static>(serve: fn(&mut DedicatedConnection, &Clock, Vec<J>)) -> Batcher<J> {
        let nowhere = Manager::new(DatabaseLocation::File(PathBuf::from("/nonexistent")));
        Batcher::start("test", 1, &Tasks::default(), &nowhere, &Clock::System, serve).unwrap()
    }

    #[test]
    fn a_batch_that_panics_takes_nobody_along() {
        let batcher = start(|_, _, batch: Vec<(bool, std_mpsc::Sender<()>)>| {
            for (well, done) in batch {
                assert!(well, "in a test");
                done.send(()).unwrap();
            }
        });
        for well in [false, true] {
            let (done, answer) = std_mpsc::channel();
            batcher.submit((well, done)).unwrap();
            let expected = if well { Ok(()) } else { Err(std_mpsc::RecvTimeoutError::Disconnected) };
            assert_eq!(answer.recv_timeout(TIMEOUT), expected, "whoever waits is told");
        }
    }

    #[test]
    fn a_full_queue_says_so_at_once() {
        let batcher = start(|_, _, batch: Vec<std_mpsc::Receiver<()>>| {
            for gate in batch {
                while gate.recv().is_ok() {}
            }
        });
        let (open, gate) = std_mpsc::channel();
        batcher.submit(gate).unwrap();
        let mut taken = 0;
        let refused = loop {
            match batcher.submit(std_mpsc::channel().1) {
                Ok(()) => taken += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, StoreError::Unavailable(_)));
        assert!((QUEUE - BATCH..=QUEUE + BATCH).contains(&taken), "{taken}");
        drop(open);
    }
}
