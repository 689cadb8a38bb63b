//! Signing, on one thread a core.
//!
//! A signature costs a good part of a millisecond of arithmetic. The threads that answer requests must not spend it,
//! and a pool larger than the machine only adds switching. When much waits, a thread signs several messages before it
//! hands them over, so that those who take them are woken once and not for each.

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
/// Messages that one thread signs before it hands them over, at the most.
const BATCH: usize = 8;

/// A token was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    #[error("too many tokens are waiting for a signature")]
    Busy,
    #[error("the signing key failed")]
    Failed,
}

/// Signs a message, and returns what hands it over.
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

    /// A thread's share of what waits; nothing once the desk is closed and empty.
    fn next(&self) -> Option<Vec<Job>> {
        let mut desk = self.queue();
        while desk.waiting.is_empty() {
            if desk.closed {
                return None;
            }
            desk = self.arrived.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        // Who comes first waits for the whole share, so it only grows when waiting is long anyway.
        let share = (desk.waiting.len() / (4 * self.threads)).clamp(1, BATCH);
        Some(desk.waiting.drain(..share).collect())
    }
}

/// The way to the signing threads. They end when the last handle is dropped.
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
                        // A bug in one job must not take the thread from all others.
                        if catch_unwind(AssertUnwindSafe(deliver)).is_err() {
                            tracing::error!("a signature could not be handed over");
                        }
                    }
                }
            })?;
        }
        Ok(signer)
    }

    /// Appends the signature to `header.payload`.
    pub async fn sign(&self, key: Arc<PrivateKey>, message: String) -> Result<String, NotSigned> {
        let (reply, signed) = oneshot::channel();
        self.try_submit(
            move || signed_by(&key, message),
            |outcome| {
                // Nobody listens when the client has gone away.
                drop(reply.send(outcome));
            },
        );
        signed.await.unwrap_or(Err(NotSigned::Failed))
    }

    /// Whether there is room for what has not begun yet.
    pub fn has_room(&self) -> bool {
        self.0.0.queue().waiting.len() < QUEUE / 2
    }

    /// Lets a signing thread do `work` and hand over what comes of it, unless too much waits already.
    fn try_submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, NotSigned> + Send + 'static,
        deliver: impl FnOnce(Result<T, NotSigned>) + Send + 'static,
    ) {
        if self.0.0.queue().waiting.len() >= QUEUE {
            return deliver(Err(NotSigned::Busy));
        }
        self.submit(work, deliver);
    }

    /// The same, whatever waits: for what is committed, and would be lost without its signature. The queues before the
    /// commit bound how much that can be.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, NotSigned> + Send + 'static,
        deliver: impl FnOnce(Result<T, NotSigned>) + Send + 'static,
    ) {
        let mut desk = self.0.0.queue();
        desk.waiting.push_back(Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
                tracing::error!("making a signature panicked");
                Err(NotSigned::Failed)
            });
            Box::new(move || deliver(outcome))
        }));
        drop(desk);
        self.0.0.arrived.notify_one();
    }
}

/// A message with its signature behind it.
pub fn signed_by(key: &PrivateKey, mut message: String) -> Result<String, NotSigned> {
    let signature = key.try_sign(message.as_bytes()).map_err(|_| NotSigned::Failed)?;
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
    fn everything_that_was_handed_in_is_delivered_once_and_the_threads_end_with_the_last_handle() {
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
    fn a_panic_takes_one_answer_and_no_thread() {
        let signer = Signer::start(1, &Tasks::default()).unwrap();
        let (sender, delivered) = mpsc::channel();
        let failed = sender.clone();
        signer.submit(
            || -> Result<u32, NotSigned> { panic!("in a test") },
            move |outcome| {
                failed.send(outcome).unwrap();
            },
        );
        signer.submit(|| Ok(1), |_: Result<u32, NotSigned>| panic!("in a test"));
        signer.submit(|| Ok(2), move |outcome| sender.send(outcome).unwrap());
        assert_eq!(delivered.recv_timeout(TIMEOUT).unwrap(), Err(NotSigned::Failed));
        assert_eq!(delivered.recv_timeout(TIMEOUT).unwrap(), Ok(2));
    }

    #[test]
    fn a_full_queue_says_so_at_once_and_takes_what_is_committed() {
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
        assert_eq!(refused.recv_timeout(TIMEOUT).unwrap(), Err(NotSigned::Busy));
        drop(open);
        assert_eq!(refused.recv_timeout(TIMEOUT).unwrap(), Ok(()));
    }
}
