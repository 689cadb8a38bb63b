//! The only thread that writes to SQLite.
//!
//! SQLite has one writer at a time, and each commit waits for the disk. So jobs that queue up during a commit are
//! committed together: each in a savepoint, one commit, then the answers. Batches form by themselves under load;
//! nothing waits for a batch to fill.

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
use crate::domain::clock::Clock;
use crate::supervise::Tasks;

/// Capacity of the queue. When it is full, writes fail as unavailable.
const QUEUE: usize = 4096;
/// Jobs per commit at most, to bound the wait of the first one.
const BATCH: usize = 128;

/// How long a job waits while another process has locked the database, before it fails as unavailable.
const TIMEOUT: Duration = Duration::from_millis(1700);
/// How long one attempt to begin waits for the lock. Jobs that have waited too long are answered between attempts.
const ATTEMPT: &str = "PRAGMA busy_timeout = 200";

/// The SQLite default of 2 MB holds the pages of a few thousand sessions; the sessions that are refreshed all the time
/// need more.
const CACHE: &str = "PRAGMA cache_size = -8000";

/// A job runs in a savepoint and decides whether to keep it. It is answered after the commit.
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

/// A job and the time it was queued.
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
            tracing::error!("the answer to a write panicked");
        }
    }
}

/// Handle to the writer thread. The thread finishes its queue and ends when the last handle is dropped.
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
        // The receiver is gone if the request was canceled; the commit stands.
        self.submit(work, |outcome| drop(reply.send(outcome)))?;
        answer.await.map_err(|_| StoreError::Failed("the writer has stopped".to_owned()))?
    }

    /// Queues `work`. `deliver` gets its outcome after the commit, on the writer thread. `Err` means that `work` never
    /// ran.
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
    // A panic may have left a transaction open.
    drop(conn.batch_execute("ROLLBACK"));
    while let Some(first) = queue.blocking_recv() {
        // On a busy machine this lets other threads add to the batch; on an idle one it returns at once.
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

/// Begins a transaction. While another process has locked the database, answers jobs that have waited too long and
/// refills the batch from the queue. Begins nothing if the batch is empty.
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
