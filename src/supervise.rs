//! Background threads and tasks that are restarted when they panic.
//!
//! Threads and tasks that serve the whole server are started here. One that panics is restarted after a pause.
//! [`Tasks::down`] reports it until it has run for a while, for the readiness check.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

/// Pause before the first restart; doubled for each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// After running this long without a panic, the next restart uses the first pause again.
const STABLE_AFTER: Duration = Duration::from_secs(60);

/// The background tasks of a server. Clones share the same list.
#[derive(Debug, Clone, Default)]
pub struct Tasks(Arc<Mutex<Vec<Arc<Task>>>>);

#[derive(Debug)]
struct Task {
    name: &'static str,
    phase: Mutex<Phase>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Running,
    Down,
    /// Restarted at this time after a pause of this length; counts as down until it has run as long again.
    Restarted(Instant, Duration),
}

impl Tasks {
    /// Runs `work` on a new thread until it returns; restarts it when it panics.
    pub fn thread(
        &self,
        name: &'static str,
        mut work: impl FnMut() + Send + 'static,
    ) -> std::io::Result<thread::JoinHandle<()>> {
        let tasks = self.clone();
        let task = self.add(name);
        let spawned = thread::Builder::new().name(name.to_owned()).spawn({
            let task = task.clone();
            move || {
                let mut restarts = Restarts::default();
                while let Err(panic) = catch_unwind(AssertUnwindSafe(&mut work)) {
                    let pause = restarts.next();
                    task.mark_down(&*panic);
                    thread::sleep(pause);
                    task.mark_restarted(pause);
                }
                tasks.remove(&task);
            }
        });
        if spawned.is_err() {
            self.remove(&task);
        }
        spawned
    }

    /// Runs the future that `make` returns until it ends; restarts it with a new future when it panics.
    pub fn spawn<F>(&self, name: &'static str, mut make: impl FnMut() -> F + Send + 'static) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = self.clone();
        let task = self.add(name);
        tokio::spawn(async move {
            let mut restarts = Restarts::default();
            while let Err(panic) = catch_panic(make()).await {
                let pause = restarts.next();
                task.mark_down(&*panic);
                tokio::time::sleep(pause).await;
                task.mark_restarted(pause);
            }
            tasks.remove(&task);
        })
    }

    /// Names of tasks that are not running or were only just restarted.
    pub fn down(&self) -> Vec<&'static str> {
        let mut names: Vec<_> =
            self.list().iter().filter(|task| task.is_down()).map(|task| task.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn add(&self, name: &'static str) -> Arc<Task> {
        let task = Arc::new(Task { name, phase: Mutex::new(Phase::Running) });
        self.list().push(task.clone());
        task
    }

    fn remove(&self, ended: &Arc<Task>) {
        self.list().retain(|task| !Arc::ptr_eq(task, ended));
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<Task>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_down(&self) -> bool {
        match *self.phase() {
            Phase::Running => false,
            Phase::Down => true,
            Phase::Restarted(at, probation) => at.elapsed() < probation,
        }
    }

    fn mark_down(&self, panic: &(dyn Any + Send)) {
        *self.phase() = Phase::Down;
        tracing::error!(
            task = self.name,
            reason = reason(panic),
            "a background task panicked and is restarted"
        );
    }

    fn mark_restarted(&self, pause: Duration) {
        *self.phase() = Phase::Restarted(Instant::now(), pause);
    }
}

/// The pauses before the restarts of a task.
struct Restarts {
    pause: Duration,
    started: Instant,
}

impl Default for Restarts {
    fn default() -> Self {
        Self { pause: FIRST_PAUSE, started: Instant::now() }
    }
}

impl Restarts {
    fn next(&mut self) -> Duration {
        if self.started.elapsed() > STABLE_AFTER {
            self.pause = FIRST_PAUSE;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(MAX_PAUSE);
        self.started = Instant::now() + pause;
        pause
    }
}

/// Awaits a future and catches its panic.
pub async fn catch_panic<T>(future: impl Future<Output = T>) -> thread::Result<T> {
    let mut future = Box::pin(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

/// The message of a panic.
fn reason(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Panic hook that logs the panic. The default hook writes to stderr and blocks if that is not read.
pub fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    tracing::error!(
        thread = thread.name().unwrap_or("unnamed"),
        at = panic.location().map(tracing::field::display),
        reason = reason(panic.payload()),
        "panicked"
    );
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    fn eventually(holds: impl Fn() -> bool) {
        let started = Instant::now();
        while !holds() {
            assert!(started.elapsed() < TIMEOUT, "timed out");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn cb_02_a_thread_that_panics_is_named_and_started_again() {
        let tasks = Tasks::default();
        let (work, waiting) = mpsc::channel::<bool>();
        let (done, served) = mpsc::channel();
        let run = move || {
            for well in &waiting {
                assert!(well, "in a test");
                done.send(()).unwrap();
            }
        };
        let thread = tasks.thread("worker", run).unwrap();
        assert!(tasks.down().is_empty());
        work.send(false).unwrap();
        eventually(|| tasks.down() == ["worker"]);
        work.send(true).unwrap();
        served.recv_timeout(TIMEOUT).unwrap();
        eventually(|| tasks.down().is_empty());
        drop(work);
        thread.join().unwrap();
        assert!(tasks.list().is_empty(), "a task that ended is not down");
    }

    #[tokio::test]
    async fn cb_02_a_task_that_panics_is_named_and_started_again() {
        let tasks = Tasks::default();
        let (work, waiting) = tokio::sync::mpsc::channel::<bool>(4);
        let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
        let (done, mut served) = tokio::sync::mpsc::channel(4);
        let task = tasks.spawn("worker", move || {
            let (waiting, done) = (waiting.clone(), done.clone());
            async move {
                while let Some(well) = waiting.lock().await.recv().await {
                    assert!(well, "in a test");
                    done.send(()).await.unwrap();
                }
            }
        });
        work.send(false).await.unwrap();
        while tasks.down() != ["worker"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        work.send(true).await.unwrap();
        served.recv().await.unwrap();
        while !tasks.down().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(work);
        task.await.unwrap();
    }

    #[test]
    fn the_pause_doubles_up_to_a_bound() {
        let mut restarts = Restarts::default();
        let pauses: Vec<_> = (0..8).map(|_| restarts.next().as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
