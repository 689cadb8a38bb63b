//! Signs tokens on one thread per core.
//!
//! A signature takes a good part of a millisecond of CPU time, which the request threads must not spend, and more
//! threads than cores would only add context switches. Under load, a thread signs several messages before it delivers
//! them, so that it wakes the receivers less often.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::signature::Signer as _;
use tokio::sync::oneshot;

use super::rsa_key::PrivateKey;
use crate::supervise::Tasks;

/// Messages that may wait for a signature.
const QUEUE: usize = 4096;
/// Messages per batch of one thread at most.
const BATCH: usize = 8;

/// Why a token was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("too many tokens are waiting for a signature")]
    Busy,
    #[error("the signing key failed")]
    Failed,
}

/// Signs a message and returns the closure that delivers it.
type Job = Box<dyn FnOnce() -> Delivery + Send>;
type Delivery = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct SigningQueue {
    waiting: VecDeque<Job>,
    closed: bool,
}

struct Shared {
    desk: Mutex<SigningQueue>,
    arrived: Condvar,
    threads: usize,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, SigningQueue> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread's share of the queue; `None` once it is closed and empty.
    fn next(&self) -> Option<Vec<Job>> {
        let mut desk = self.queue();
        while desk.waiting.is_empty() {
            if desk.closed {
                return None;
            }
            desk = self.arrived.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        // The first message of a batch waits for the whole batch, so batches grow only when the queue is long anyway.
        let share = (desk.waiting.len() / (4 * self.threads)).clamp(1, BATCH);
        Some(desk.waiting.drain(..share).collect())
    }
}

/// Handle to the signing threads, which end when the last handle is dropped.
#[derive(Clone)]
pub struct Signer(Arc<Handle>);

struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.queue().closed = true;
        self.0.arrived.notify_all();
    }
}

impl Signer {
    pub fn start(threads: usize, tasks: &Tasks) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared { desk: Mutex::default(), arrived: Condvar::new(), threads });
        let signer = Self(Arc::new(Handle(shared.clone())));
        for _ in 0..threads {
            let shared = shared.clone();
            tasks.thread("signer", move || {
                while let Some(jobs) = shared.next() {
                    let deliveries: Vec<Delivery> = jobs.into_iter().map(|job| job()).collect();
                    for deliver in deliveries {
                        // A panic in one delivery must not end the thread.
                        if catch_unwind(AssertUnwindSafe(deliver)).is_err() {
                            tracing::error!("delivering a signature panicked");
                        }
                    }
                }
            })?;
        }
        Ok(signer)
    }

    /// Signs `header.payload` and returns the whole token.
    pub async fn sign(&self, key: Arc<PrivateKey>, message: String) -> Result<String, SignError> {
        let (reply, signed) = oneshot::channel();
        self.try_submit(
            move || signed_by(&key, message),
            |outcome| {
                // The receiver is gone if the request was canceled.
                drop(reply.send(outcome));
            },
        );
        signed.await.unwrap_or(Err(SignError::Failed))
    }

    /// Whether there is room for work that has not started yet. Leaves half of the queue to work that has.
    pub fn has_room(&self) -> bool {
        self.0.0.queue().waiting.len() < QUEUE / 2
    }

    /// Queues `work`, or fails as [`SignError::Busy`] if the queue is full.
    fn try_submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SignError> + Send + 'static,
        deliver: impl FnOnce(Result<T, SignError>) + Send + 'static,
    ) {
        if self.0.0.queue().waiting.len() >= QUEUE {
            return deliver(Err(SignError::Busy));
        }
        self.submit(work, deliver);
    }

    /// Queues `work` even if the queue is full, for committed changes, which would be lost without their token. The
    /// queues before the commit bound their number.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SignError> + Send + 'static,
        deliver: impl FnOnce(Result<T, SignError>) + Send + 'static,
    ) {
        let mut desk = self.0.0.queue();
        desk.waiting.push_back(Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                tracing::error!("signing panicked");
                Err(SignError::Failed)
            });
            Box::new(move || deliver(outcome))
        }));
        drop(desk);
        self.0.0.arrived.notify_one();
    }
}

/// Appends the signature to `header.payload`.
pub fn signed_by(key: &PrivateKey, mut message: String) -> Result<String, SignError> {
    let signature = key.try_sign(message.as_bytes()).map_err(|_| SignError::Failed)?;
    message.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut message);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    #[test]
    fn every_submission_is_delivered_once_before_the_threads_end() {
        let signer = Signer::start(2, &Tasks::default()).unwrap();
        let (sender, delivered) = mpsc::channel();
        for n in 0..1000 {
            let sender = sender.clone();
            signer.submit(move || Ok(n), move |outcome| sender.send(outcome.unwrap()).unwrap());
        }
        drop((signer, sender));
        let mut all: Vec<u32> = delivered.iter().collect();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_panicking_job_does_not_end_the_thread() {
        let signer = Signer::start(1, &Tasks::default()).unwrap();
        let (sender, delivered) = mpsc::channel();
        let failed = sender.clone();
        signer.submit(
            || -> Result<u32, SignError> { panic!("in a test") },
            move |outcome| {
                failed.send(outcome).unwrap();
            },
        );
        signer.submit(|| Ok(1), |_: Result<u32, SignError>| panic!("in a test"));
        signer.submit(|| Ok(2), move |outcome| sender.send(outcome).unwrap());
        assert_eq!(delivered.recv_timeout(TIMEOUT).unwrap(), Err(SignError::Failed));
        assert_eq!(delivered.recv_timeout(TIMEOUT).unwrap(), Ok(2));
    }

    #[test]
    fn a_full_queue_refuses_new_work_but_accepts_committed_work() {
        let signer = Signer::start(1, &Tasks::default()).unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let (started, has_started) = mpsc::channel();
        signer.submit(
            move || {
                started.send(()).unwrap();
                Ok(gate.recv())
            },
            |_| (),
        );
        has_started.recv_timeout(TIMEOUT).unwrap();
        for _ in 0..QUEUE {
            signer.submit(|| Ok(()), |_| ());
        }
        let (sender, refused) = mpsc::channel();
        let committed = sender.clone();
        signer.submit(|| Ok(()), move |outcome| committed.send(outcome).unwrap());
        signer.try_submit(|| Ok(()), move |outcome| sender.send(outcome).unwrap());
        assert_eq!(refused.recv_timeout(TIMEOUT).unwrap(), Err(SignError::Busy));
        drop(open);
        assert_eq!(refused.recv_timeout(TIMEOUT).unwrap(), Ok(()));
    }
}
