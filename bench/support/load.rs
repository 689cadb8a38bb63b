//! The load generator: one keep-alive connection per caller, one request at a time on each, all on one thread.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::connection::{Answer, Connection};
use super::measured::{Counts, Measured, Sample};
use super::process::Process;

/// Maximum delay of tokio's timer.
const TIMER: Duration = Duration::from_millis(1);

/// Creates the requests of a connection and receives the responses.
pub(crate) trait Caller: Send + 'static {
    /// Appends the next request, head and body.
    fn request(&mut self, into: &mut String) -> io::Result<()>;
    /// Receives the body of a response with status 200.
    fn answered(&mut self, body: &[u8]) -> io::Result<()>;
}

/// A server to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
}

/// When a connection sends its next request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As soon as the previous response has arrived.
    Full,
    /// At this total rate over all connections, whether or not responses keep up. Latency counts from the time when a
    /// request was due, so that one slow response also shows in the requests after it.
    PerSecond(f64),
    /// Like `PerSecond`, but requests that cannot be sent before the next one is due are skipped and counted.
    Crowd(f64),
}

/// What happens after a response other than 200, or a broken connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tolerance {
    /// The run fails.
    Nothing,
    /// It is counted, and a broken connection is reopened.
    Counted,
    /// A broken connection ends its caller; any other response fails the run.
    Crash,
}

/// Parameters of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) pace: Pace,
    pub(crate) warm_up: Duration,
    /// Only responses within this window count.
    pub(crate) window: Duration,
    pub(crate) tolerance: Tolerance,
}

impl Load {
    /// Full speed, no errors tolerated.
    pub(crate) fn full(warm_up: Duration, window: Duration) -> Self {
        Self { pace: Pace::Full, warm_up, window, tolerance: Tolerance::Nothing }
    }

    /// Fixed rate, no errors tolerated.
    pub(crate) fn steady(rate: f64, warm_up: Duration, window: Duration) -> Self {
        Self { pace: Pace::PerSecond(rate), warm_up, window, tolerance: Tolerance::Nothing }
    }

    /// Runs all callers until the end of the window, and returns them.
    pub(crate) async fn drive<C: Caller>(
        self,
        target: Target,
        callers: Vec<C>,
    ) -> io::Result<(Measured, Vec<C>)> {
        let count = callers.len();
        let mut connections = Vec::with_capacity(count);
        for caller in callers {
            connections.push((Connection::open(target.address).await?, caller));
        }
        let (server, client) = (target.process.processor_time()?, Process::this().own_processor_time()?);
        let begun = Instant::now();
        let talks: Vec<_> = connections
            .into_iter()
            .enumerate()
            .map(|(n, (connection, caller))| {
                let talk = Talk {
                    load: self,
                    address: target.address,
                    begun,
                    schedule: self.pace.schedule(begun, n, count),
                    samples: Vec::with_capacity(1 << 10),
                    counts: Counts::default(),
                };
                tokio::spawn(talk.run(connection, caller))
            })
            .collect();
        let mut callers = Vec::with_capacity(count);
        let mut samples = Vec::new();
        let mut counts = Counts::default();
        for talk in talks {
            let (caller, talk) = talk.await.map_err(io::Error::other)??;
            samples.extend(talk.samples);
            counts.accepted += talk.counts.accepted;
            counts.refused += talk.counts.refused;
            counts.failed += talk.counts.failed;
            counts.skipped += talk.counts.skipped;
            callers.push(caller);
        }
        // After a crash, the process no longer exists.
        let server = target.process.processor_time().map_or(Duration::ZERO, |now| now.saturating_sub(server));
        let client = Process::this().own_processor_time()?.saturating_sub(client);
        samples.sort_unstable_by_key(|sample| sample.took);
        let (begun, ended) = (begun.into_std(), (begun + self.warm_up + self.window).into_std());
        Ok((Measured { samples, counts, window: self.window, begun, ended, server, client }, callers))
    }
}

/// When the first request of a connection is due, and the interval.
#[derive(Debug, Clone, Copy)]
struct Schedule {
    first: Instant,
    between: Duration,
}

impl Pace {
    fn schedule(self, begun: Instant, n: usize, count: usize) -> Option<Schedule> {
        match self {
            Self::Full => None,
            Self::PerSecond(rate) | Self::Crowd(rate) => {
                let step = Duration::from_secs_f64(1.0 / rate);
                let times = |n: usize| step.mul_f64(super::measured::real(n));
                Some(Schedule { first: begun + times(n), between: times(count) })
            }
        }
    }
}

/// One connection until the end of the window.
struct Talk {
    load: Load,
    address: SocketAddr,
    begun: Instant,
    schedule: Option<Schedule>,
    samples: Vec<Sample>,
    counts: Counts,
}

impl Talk {
    async fn run<C: Caller>(mut self, mut connection: Connection, mut caller: C) -> io::Result<(C, Self)> {
        let mut request = String::with_capacity(1024);
        let (from, to) = (self.begun + self.load.warm_up, self.begun + self.load.warm_up + self.load.window);
        let mut due = self.schedule.map_or_else(Instant::now, |schedule| schedule.first);
        while due < to {
            let waits = Instant::now() < due;
            sleep_until(due).await;
            // A delay of the timer is not the server's.
            let sent = if waits { Instant::now().min(due + TIMER) } else { due };
            request.clear();
            caller.request(&mut request)?;
            match connection.exchange(request.as_bytes()).await {
                Ok(Answer { status: 200, body, .. }) => {
                    caller.answered(body)?;
                    self.counts.accepted += 1;
                    let answered = Instant::now();
                    if from <= answered && answered < to {
                        self.samples.push(Sample { due: due - self.begun, took: answered - sent });
                    }
                }
                Ok(Answer { retry_after: true, .. }) if self.load.tolerance == Tolerance::Counted => {
                    self.counts.refused += 1;
                }
                Ok(_) if self.load.tolerance == Tolerance::Counted => self.counts.failed += 1,
                Ok(Answer { status, body, .. }) => {
                    return Err(io::Error::other(format!("{status}: {}", String::from_utf8_lossy(body))));
                }
                Err(error) => match self.load.tolerance {
                    Tolerance::Nothing => return Err(error),
                    Tolerance::Crash => break,
                    Tolerance::Counted => {
                        self.counts.failed += 1;
                        let Some(opened) = self.open_again(to).await else { break };
                        connection = opened;
                    }
                },
            }
            due = self.next(due);
        }
        Ok((caller, self))
    }

    fn next(&mut self, due: Instant) -> Instant {
        let now = Instant::now();
        let Some(Schedule { between, .. }) = self.schedule else { return now };
        let mut next = due + between;
        if let Pace::Crowd(_) = self.load.pace {
            while next + between <= now {
                next += between;
                self.counts.skipped += 1;
            }
        }
        next
    }

    async fn open_again(&mut self, to: Instant) -> Option<Connection> {
        while Instant::now() < to {
            if let Ok(connection) = Connection::open(self.address).await {
                return Some(connection);
            }
            self.counts.failed += 1;
            sleep(Duration::from_millis(10)).await;
        }
        None
    }
}
