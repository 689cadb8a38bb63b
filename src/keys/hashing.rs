//! The password hashing threads: `sign_in.max_parallel_hashes` of them, each with memory for one hash, and with a lower
//! priority than the signing threads.
//!
//! Each attempt first takes a slot of the queue. The number of slots is limited, and one network gets at most half of
//! them. If none is free, the network with the most slots loses its newest waiting attempt to a network with fewer. The
//! threads serve networks round-robin. So a flood from a few networks neither delays nor locks out the others.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::password::{Match, Memory};
use crate::domain::entropy::Entropy;
use crate::domain::network::site;
use crate::domain::secret::Secret;
use crate::supervise::Tasks;

/// Slots per thread, including that of the attempt being hashed.
const SLOTS_PER_THREAD: usize = 64;
/// How long an attempt waits for a thread.
const TIMEOUT: Duration = Duration::from_secs(5);

/// All slots of the queue are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct HasherBusy;

/// How much higher the niceness of a hashing thread is than that of the process.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// A network; `None` if the caller's address is unknown.
type Network = Option<IpAddr>;

/// A job. It gets `None` instead of memory if it waited too long.
type Run = Box<dyn FnOnce(Option<&mut Memory>) + Send>;

struct Job {
    since: Instant,
    run: Run,
}

#[derive(Default)]
struct Queue {
    /// Networks with waiting jobs, in round-robin order.
    turns: VecDeque<(Network, VecDeque<Job>)>,
    /// Slots taken by each network.
    held: HashMap<Network, usize>,
    places: usize,
    closed: bool,
}

impl Queue {
    /// Removes the newest waiting job of the network with the most slots. `None` unless that network has more slots
    /// than one with `held` slots would have after taking another.
    fn evict_newest(&mut self, held: usize) -> Option<Job> {
        let of = |network: &Network| self.held.get(network).copied().unwrap_or(0);
        let most = (0..self.turns.len()).max_by_key(|turn| of(&self.turns[*turn].0))?;
        if of(&self.turns[most].0) <= held + 1 {
            return None;
        }
        let job = self.turns[most].1.pop_back();
        if self.turns[most].1.is_empty() {
            self.turns.remove(most);
        }
        job
    }
}

struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    most: usize,
    hashed: AtomicU64,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` once the queue is closed and empty.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some((network, mut jobs)) = queue.turns.pop_front() {
                let job = jobs.pop_front();
                if !jobs.is_empty() {
                    queue.turns.push_back((network, jobs));
                }
                if job.is_some() {
                    return job;
                }
            } else if queue.closed {
                return None;
            } else {
                queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn submit(&self, network: Network, job: Job) {
        let mut queue = self.queue();
        match queue.turns.iter_mut().find(|(known, _)| *known == network) {
            Some((_, jobs)) => jobs.push_back(job),
            None => queue.turns.push_back((network, VecDeque::from([job]))),
        }
        drop(queue);
        self.arrived.notify_one();
    }
}

/// Hashes and verifies passwords on the hashing threads, which end when the last handle is dropped.
#[derive(Clone)]
pub struct PasswordHasher(Arc<Handle>);

struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.queue().closed = true;
        self.0.arrived.notify_all();
    }
}

impl PasswordHasher {
    pub fn start(threads: usize, tasks: &Tasks) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let most = threads * SLOTS_PER_THREAD;
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            most,
            hashed: AtomicU64::new(0),
        });
        let passwords = Self(Arc::new(Handle(shared.clone())));
        for _ in 0..threads {
            let shared = shared.clone();
            tasks.thread("hasher", move || serve(&shared))?;
        }
        Ok(passwords)
    }

    /// Passwords hashed since the start.
    pub fn hashed(&self) -> u64 {
        self.0.0.hashed.load(Ordering::Relaxed)
    }

    /// Takes a slot for a caller at this address.
    pub fn reserve(&self, address: Option<IpAddr>) -> Result<QueueSlot, HasherBusy> {
        let shared = &self.0.0;
        let network = address.map(site);
        let mut queue = shared.queue();
        let of_network = queue.held.get(&network).copied().unwrap_or(0);
        if of_network >= shared.most.div_ceil(2) {
            return Err(HasherBusy);
        }
        let given_up = if queue.places < shared.most {
            None
        } else {
            Some(queue.evict_newest(of_network).ok_or(HasherBusy)?)
        };
        queue.places += 1;
        queue.held.insert(network, of_network + 1);
        // Dropping the job frees its slot, which needs the same lock.
        drop(queue);
        drop(given_up);
        Ok(QueueSlot { shared: shared.clone(), network })
    }
}

/// A slot of the queue, freed when dropped.
pub struct QueueSlot {
    shared: Arc<Shared>,
    network: Network,
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.places -= 1;
        match queue.held.get_mut(&self.network) {
            Some(held) if *held > 1 => *held -= 1,
            Some(_) | None => {
                queue.held.remove(&self.network);
            }
        }
    }
}

impl QueueSlot {
    /// Verifies a password against a PHC string. Without one, does the same work and returns no match.
    pub async fn check(self, password: Secret, hash: Option<String>) -> Result<Match, HasherBusy> {
        self.run(move |memory| memory.check(&password, hash.as_deref())).await
    }

    /// Hashes a password to a PHC string.
    pub async fn hash(self, password: Secret, entropy: Entropy) -> Result<String, HasherBusy> {
        self.run(move |memory| memory.hash(&password, entropy)).await
    }

    /// Hashes a password if `vet` accepts it. `vet` runs on the hashing thread because the strength estimate is slow
    /// too.
    pub async fn vet_and_hash<E: Send + 'static>(
        self,
        password: Secret,
        vet: impl FnOnce(&Secret) -> Result<(), E> + Send + 'static,
        entropy: Entropy,
    ) -> Result<Result<String, E>, HasherBusy> {
        self.run(move |memory| vet(&password).map(|()| memory.hash(&password, entropy))).await
    }

    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, HasherBusy> {
        let (reply, done) = oneshot::channel();
        let (shared, network) = (self.shared.clone(), self.network);
        let run = move |memory: Option<&mut Memory>| {
            // Held until the work is done, so that canceled requests do not free slots early.
            let place = self;
            // The receiver is gone if the request was canceled.
            if let Some(memory) = memory.filter(|_| !reply.is_closed()) {
                let found = work(memory);
                place.shared.hashed.fetch_add(1, Ordering::Relaxed);
                drop(place);
                drop(reply.send(found));
            }
        };
        shared.submit(network, Job { since: Instant::now(), run: Box::new(run) });
        done.await.map_err(|_| HasherBusy)
    }
}

fn serve(shared: &Shared) {
    yield_to_signers();
    let mut memory = Memory::default();
    while let Some(Job { since, run }) = shared.next() {
        let turn = if since.elapsed() < TIMEOUT { Some(&mut memory) } else { None };
        // A panic in one job must not end the thread.
        if catch_unwind(AssertUnwindSafe(|| run(turn))).is_err() {
            tracing::error!("checking a password panicked");
        }
    }
}

/// Gives this thread about a third of the CPU weight of others. Linux only: elsewhere, priorities apply to whole
/// processes.
#[cfg(target_os = "linux")]
fn yield_to_signers() {
    let lower = rustix::process::getpriority_process(None)
        .and_then(|priority| rustix::process::setpriority_process(None, (priority + NICE).min(19)));
    if let Err(error) = lower {
        tracing::warn!(%error, "cannot lower the priority of a password hashing thread");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_signers() {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::sync::{Arc, Mutex};
    use std::thread;

    use super::*;

    fn at(network: u8) -> IpAddr {
        IpAddr::from([198, 51, network, 1])
    }

    /// Occupies a thread until the sender is dropped.
    async fn occupy(passwords: &PasswordHasher) -> mpsc::Sender<()> {
        let (open, gate) = mpsc::channel::<()>();
        let (started, has_started) = oneshot::channel();
        let place = passwords.reserve(None).unwrap();
        tokio::spawn(place.run(move |_| {
            started.send(()).unwrap();
            let _ = gate.recv();
        }));
        has_started.await.unwrap();
        open
    }

    #[tokio::test]
    async fn lg_08_concurrent_passwords_beyond_the_queue_are_refused_and_the_others_verified() {
        let passwords = PasswordHasher::start(2, &Tasks::default()).unwrap();
        let hash = super::super::password::hash(&Secret::new("right"), Entropy);
        let work = [occupy(&passwords).await, occupy(&passwords).await];
        let mut waiting = Vec::new();
        let mut refused = 0;
        for n in 0..=255 {
            match passwords.reserve(Some(at(n))) {
                Ok(place) => {
                    let password = Secret::new(if n == 0 { "right" } else { "wrong" });
                    // Most of the attempts are canceled, so that hashing the rest takes moments and not seconds.
                    let check = tokio::spawn(place.check(password, Some(hash.clone())));
                    tokio::task::yield_now().await;
                    if n < 6 { waiting.push(check) } else { check.abort() }
                }
                Err(HasherBusy) => refused += 1,
            }
        }
        assert_eq!(refused, 256 - (2 * SLOTS_PER_THREAD - 2), "the two running jobs have slots too");
        drop(work);
        let mut found = Vec::new();
        for check in waiting {
            found.push(check.await.unwrap().unwrap());
        }
        assert_eq!(found[0], Match::Right);
        assert!(found[1..].iter().all(|found| *found == Match::Wrong));
        // Canceled attempts were skipped and have freed their slots.
        let last = passwords.reserve(Some(at(0))).unwrap();
        assert_eq!(last.check(Secret::new("right"), Some(hash)).await, Ok(Match::Right));
        while passwords.0.0.queue().places > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn cb_13_one_network_gets_half_of_the_slots_and_networks_take_turns() {
        let passwords = PasswordHasher::start(1, &Tasks::default()).unwrap();
        let work = occupy(&passwords).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut jobs = Vec::new();
        for n in [1, 1, 1, 1, 2, 3] {
            let order = order.clone();
            let place = passwords.reserve(Some(at(n))).unwrap();
            jobs.push(tokio::spawn(place.run(move |_| order.lock().unwrap().push(n))));
            tokio::task::yield_now().await;
        }
        let more: Vec<QueueSlot> = (0..).map_while(|_| passwords.reserve(Some(at(1))).ok()).collect();
        assert_eq!(more.len(), SLOTS_PER_THREAD / 2 - 4);
        assert!(passwords.reserve(Some(at(4))).is_ok());
        drop(work);
        for job in jobs {
            job.await.unwrap().unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 1, 1, 1]);
    }

    #[tokio::test]
    async fn cb_13_networks_that_fill_the_queue_keep_no_other_out() {
        let passwords = PasswordHasher::start(1, &Tasks::default()).unwrap();
        let work = occupy(&passwords).await;
        let mut flood = Vec::new();
        for network in [1, 2].into_iter().cycle() {
            let Ok(place) = passwords.reserve(Some(at(network))) else { break };
            flood.push(tokio::spawn(place.run(|_| ())));
            tokio::task::yield_now().await;
        }
        assert_eq!(flood.len(), SLOTS_PER_THREAD - 1, "the running job has a slot too");
        assert_eq!(passwords.reserve(Some(at(1))).err(), Some(HasherBusy));
        let others: Vec<_> = (3..23).map(|network| passwords.reserve(Some(at(network))).unwrap()).collect();
        assert_eq!(passwords.0.0.queue().places, SLOTS_PER_THREAD);
        drop(work);
        for place in others {
            assert_eq!(place.run(|_| 1).await, Ok(1));
        }
        let mut turned_away = [0; 2];
        for (n, job) in flood.into_iter().enumerate() {
            turned_away[n % 2] += usize::from(job.await.unwrap().is_err());
        }
        assert_eq!(turned_away, [10, 10], "the networks with the most slots lose attempts");
        assert_eq!(passwords.0.0.queue().places, 0);
    }

    #[tokio::test]
    async fn networks_with_one_slot_each_lose_none() {
        let passwords = PasswordHasher::start(1, &Tasks::default()).unwrap();
        let work = occupy(&passwords).await;
        let mut places = Vec::new();
        for network in 0..=255 {
            let Ok(place) = passwords.reserve(Some(at(network))) else { break };
            places.push(tokio::spawn(place.run(|_| ())));
            tokio::task::yield_now().await;
        }
        assert_eq!(places.len(), SLOTS_PER_THREAD - 1);
        drop(work);
        for place in places {
            assert_eq!(place.await.unwrap(), Ok(()));
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn cb_13_hashing_runs_on_threads_of_its_own_at_a_lower_priority() {
        let passwords = PasswordHasher::start(1, &Tasks::default()).unwrap();
        let here = rustix::process::getpriority_process(None).unwrap();
        let there = passwords.reserve(None).unwrap().run(|_| {
            (thread::current().name().map(str::to_owned), rustix::process::getpriority_process(None).unwrap())
        });
        assert_eq!(there.await, Ok((Some("hasher".to_owned()), (here + NICE).min(19))));
    }

    #[tokio::test]
    async fn a_panicking_job_does_not_end_the_thread() {
        let passwords = PasswordHasher::start(1, &Tasks::default()).unwrap();
        let panics = passwords.reserve(None).unwrap().run(|_| panic!("in a test"));
        assert_eq!(panics.await, Err::<(), _>(HasherBusy));
        assert_eq!(passwords.reserve(None).unwrap().run(|_| 1).await, Ok(1));
    }
}
