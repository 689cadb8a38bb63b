//! Threads that process queued jobs in batches.
//!
//! On PostgreSQL a statement costs little and its round trip much. So jobs that queue up during a round trip share the
//! next one. Batches form by themselves under load; nothing waits for a batch to fill.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::dedicated_connection::DedicatedConnection;
use super::error::StoreError;
use super::manager::Manager;
use crate::domain::clock::Clock;
use crate::supervise::Tasks;

/// Capacity of the queue. When it is full, jobs fail as unavailable.
const QUEUE: usize = 4096;
/// Jobs per batch at most.
const BATCH: usize = 64;

/// Handle to the threads. They end when the last handle is dropped.
pub(in crate::store) struct Batcher<J>(mpsc::Sender<J>);

impl<J: Send + 'static> Batcher<J> {
    /// Starts threads that run `serve` on batches. Each opens a connection of its own when it first needs one.
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
                        // A panic in one batch must not end the thread. Its jobs are dropped, which fails them.
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

    /// Queues a job. `Err` means that it will not run.
    pub(in crate::store) fn submit(&self, job: J) -> Result<(), StoreError> {
        self.0.try_send(job).map_err(|refused| {
            StoreError::Unavailable(match refused {
                TrySendError::Full(_) => "the queue is full".into(),
                TrySendError::Closed(_) => "the store is closed".into(),
            })
        })
    }
}

/// Waits for a job and takes all that are queued; `None` once the store is closed.
fn next_batch<J>(queue: &Mutex<mpsc::Receiver<J>>) -> Option<Vec<J>> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let first = queue.blocking_recv()?;
    Some(gather(first, &mut queue, BATCH))
}

/// Collects queued items into a batch with `first`, `most` at most. Does not wait.
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
    fn a_panicking_batch_fails_alone() {
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
            assert_eq!(answer.recv_timeout(TIMEOUT), expected, "whether the job ran");
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
