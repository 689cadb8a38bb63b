//! The one thread that writes to SQLite.
//!
//! SQLite has one writer at a time, and a commit costs a wait for the disk. So whatever has queued up while the last
//! commit was on its way is committed together: each job in a savepoint of its own, one commit, and only then the
//! answers. A batch forms by itself under load; nothing ever waits for one to fill.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection;
use tokio::sync::{mpsc, oneshot};

use super::super::audit::{self, PendingEvent};
use super::super::engine::batcher::gather;
use super::super::engine::conn::Conn;
use super::super::engine::error::StoreError;
use super::super::engine::query::Plain;
use super::super::work::Work;
use crate::domain::time::Clock;
use crate::supervise::Tasks;

/// Jobs that may wait; the next one is told to come back later.
const QUEUE: usize = 4096;
/// Jobs in one commit at the most, so that the first of them does not wait too long.
const BATCH: usize = 128;

/// How long a job waits for another process that has locked the database, before it is told to come back later.
const TIMEOUT: Duration = Duration::from_millis(1700);
/// How long one attempt to begin waits for the lock: at the end of each, those that have waited too long are answered.
const ATTEMPT: &str = "PRAGMA busy_timeout = 200";

/// SQLite's own 2 MB hold the pages of a few thousand sessions, and everybody's refreshes read all of them again and again.
const CACHE: &str = "PRAGMA cache_size = -8000";

/// A job runs inside a savepoint and says whether to keep it. The answer leaves once the commit has been decided.
trait Job: Send {
    fn run(&mut self, work: &mut Work<'_>) -> JobOutcome;
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

enum JobOutcome {
    Keep,
    RollBack,
}

struct Task<T, F, D> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    deliver: D,
}

impl<T, F, D> Job for Task<T, F, D>
where
    T: Send,
    F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send,
    D: FnOnce(Result<T, StoreError>) + Send,
{
    fn run(&mut self, work: &mut Work<'_>) -> JobOutcome {
        if let Some(job) = self.work.take() {
            self.outcome = Some(job(work));
        }
        match self.outcome {
            Some(Ok(_)) => JobOutcome::Keep,
            Some(Err(_)) | None => JobOutcome::RollBack,
        }
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let Self { outcome, deliver, .. } = *self;
        let panicked = || Err(StoreError::Failed("a write panicked and was rolled back".to_owned()));
        deliver(commit.and_then(|()| outcome.unwrap_or_else(panicked)));
    }
}

/// A job in the queue.
struct Queued {
    job: Box<dyn Job>,
    since: Instant,
}

impl Queued {
    fn has_timed_out(&self) -> bool {
        self.since.elapsed() >= TIMEOUT
    }

    fn answer(self, commit: &Result<(), StoreError>) {
        let commit = commit.clone();
        if catch_unwind(AssertUnwindSafe(|| self.job.answer(commit))).is_err() {
            tracing::error!("the outcome of a write could not be handed over");
        }
    }
}

/// The way to the writer thread. When the last handle is dropped, the thread finishes its queue and ends.
pub(in crate::store) struct Writer(mpsc::Sender<Queued>);

impl Writer {
    pub(in crate::store) fn start(tasks: &Tasks, mut conn: Conn, clock: Clock) -> Result<Self, StoreError> {
        conn.batch_execute(CACHE)?;
        conn.batch_execute(ATTEMPT)?;
        let (sender, mut queue) = mpsc::channel(QUEUE);
        tasks
            .thread("store-writer", move || serve(&mut conn, &clock, &mut queue))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Self(sender))
    }

    pub(in crate::store) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // Nobody listens when the client has gone away; what was committed stays.
        self.submit(work, |outcome| drop(reply.send(outcome)))?;
        answer.await.map_err(|_| StoreError::Failed("the writer has stopped".to_owned()))?
    }

    /// Hands over on this thread what comes of `work`, once it has been committed. An error means that it never ran.
    pub(in crate::store) fn submit<T, F, D>(&self, work: F, deliver: D) -> Result<(), StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, StoreError> + Send + 'static,
        D: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        self.0
            .try_send(Queued {
                job: Box::new(Task { work: Some(work), outcome: None, deliver }),
                since: Instant::now(),
            })
            .map_err(|_| StoreError::Unavailable("the write queue is full".into()))
    }
}

fn serve(conn: &mut Conn, clock: &Clock, queue: &mut mpsc::Receiver<Queued>) {
    // A panic may have left a transaction open; usually there is none.
    drop(conn.batch_execute("ROLLBACK"));
    while let Some(first) = queue.blocking_recv() {
        // On a busy machine this lets others add to the batch, on an idle one it returns at once.
        thread::yield_now();
        let mut batch = gather(first, queue, BATCH);
        let done = match begin(conn, queue, &mut batch) {
            Ok(()) => commit(conn, clock, &mut batch),
            Err(error) => Err(error),
        };
        for queued in batch {
            queued.answer(&done);
        }
    }
}

/// Begins a transaction. While another process has the database locked, those who have waited long enough are answered,
/// and others take their places; an empty batch begins nothing.
fn begin(
    conn: &mut Conn,
    queue: &mut mpsc::Receiver<Queued>,
    batch: &mut Vec<Queued>,
) -> Result<(), StoreError> {
    loop {
        let error = match run(conn, "BEGIN IMMEDIATE") {
            Err(error @ StoreError::Unavailable(_)) if error.is_locked() => error,
            begun => return begun,
        };
        let (late, waiting): (Vec<_>, Vec<_>) = batch.drain(..).partition(Queued::has_timed_out);
        *batch = waiting;
        let refused = Err(error);
        for queued in late {
            queued.answer(&refused);
        }
        while batch.len() < BATCH
            && let Ok(queued) = queue.try_recv()
        {
            if queued.has_timed_out() { queued.answer(&refused) } else { batch.push(queued) }
        }
        if batch.is_empty() {
            return refused;
        }
    }
}

fn commit(conn: &mut Conn, clock: &Clock, batch: &mut [Queued]) -> Result<(), StoreError> {
    let done = run_all(conn, clock, batch)
        .and_then(|events| audit::append(conn, events))
        .and_then(|()| run(conn, "COMMIT"));
    if done.is_err() {
        // A failed commit may have ended the transaction already.
        drop(conn.batch_execute("ROLLBACK"));
    }
    done
}

fn run(conn: &mut Conn, statement: &'static str) -> Result<(), StoreError> {
    Plain(statement).execute(conn)?;
    Ok(())
}

fn run_all(conn: &mut Conn, clock: &Clock, batch: &mut [Queued]) -> Result<Vec<PendingEvent>, StoreError> {
    let mut events = Vec::new();
    for Queued { job, .. } in batch {
        run(conn, "SAVEPOINT job")?;
        let mut work = Work::new(conn, clock.now());
        let verdict = catch_unwind(AssertUnwindSafe(|| job.run(&mut work))).unwrap_or(JobOutcome::RollBack);
        let noted = work.into_events();
        match verdict {
            JobOutcome::Keep => {
                run(conn, "RELEASE job")?;
                events.extend(noted);
            }
            JobOutcome::RollBack => conn.batch_execute("ROLLBACK TO job; RELEASE job")?,
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_job_is_answered_with_the_very_error_of_its_commit() {
        for error in [StoreError::Failed("damaged".to_owned()), StoreError::Unavailable("disk full".into())] {
            let (reply, answer) = mpsc::channel();
            let task = Task {
                work: None::<fn(&mut Work<'_>) -> Result<(), StoreError>>,
                outcome: Some(Ok(())),
                deliver: move |outcome| drop(reply.send(outcome)),
            };
            let expected = format!("{error:?}");
            Queued { job: Box::new(task), since: Instant::now() }.answer(&Err(error));
            assert_eq!(format!("{:?}", answer.recv().unwrap().unwrap_err()), expected);
        }
    }
}
