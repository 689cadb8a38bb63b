//! The load: one keep-alive connection a caller, one request at a time on each.
//!
//! The client is HTTP/1.1 by hand on one thread, because it shares the processors with what it measures.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// Makes the requests of one connection and takes the answers.
pub(crate) trait Caller: Send + 'static {
    /// Appends the next request, head and body.
    fn request(&self, into: &mut String);
    /// Takes the body of a 200.
    fn answered(&mut self, body: &[u8]) -> io::Result<()>;
}

/// When a connection sends its next request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As soon as it has the answer to the last.
    Full,
    /// So often on all connections together, whether or not the answers keep up. A request counts from the moment it
    /// was due, so that one slow answer is not the only one that is called slow.
    PerSecond(f64),
}

/// What was measured.
pub(crate) struct Measured {
    /// Of the answers in the window, sorted.
    latencies: Vec<Duration>,
    time: Duration,
    /// All answers, those of the warm-up too.
    pub(crate) answers: usize,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        real(self.latencies.len()) / self.time.as_secs_f64()
    }

    /// The time within which this share of the requests was answered.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let below = |n: &usize| real(*n) < real(self.latencies.len()) * share;
        let rank = (1..=self.latencies.len()).take_while(below).count();
        self.latencies.get(rank).or(self.latencies.last()).copied().unwrap_or_default()
    }
}

/// A count as a number to divide with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}

/// Drives every caller for `warm_up` and then for `time`; what is answered in the latter counts. Any answer but 200 ends
/// the run.
pub(crate) async fn drive<C: Caller>(
    address: SocketAddr,
    callers: Vec<C>,
    pace: Pace,
    warm_up: Duration,
    time: Duration,
) -> io::Result<(Measured, Vec<C>)> {
    let count = callers.len();
    let mut connections = Vec::with_capacity(count);
    for caller in callers {
        connections.push((Connection::open(address).await?, caller));
    }
    let begun = Instant::now();
    let window = (begun + warm_up, begun + warm_up + time);
    let tasks: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(n, (connection, caller))| {
            let schedule = match pace {
                Pace::Full => None,
                Pace::PerSecond(rate) => {
                    let between = Duration::from_secs_f64(1.0 / rate);
                    Some((begun + between.mul_f64(real(n)), between.mul_f64(real(count))))
                }
            };
            tokio::spawn(converse(connection, caller, schedule, window))
        })
        .collect();
    let (mut latencies, mut callers, mut answers) = (Vec::new(), Vec::with_capacity(count), 0);
    for task in tasks {
        let (caller, its, all) = task.await.map_err(io::Error::other)??;
        latencies.extend(its);
        answers += all;
        callers.push(caller);
    }
    latencies.sort_unstable();
    Ok((Measured { latencies, time, answers }, callers))
}

/// One connection until the end of the window: its latencies in the window, and how often it was answered at all.
/// `schedule`: when the first request is due, and the time between two.
async fn converse<C: Caller>(
    mut connection: Connection,
    mut caller: C,
    schedule: Option<(Instant, Duration)>,
    (from, to): (Instant, Instant),
) -> io::Result<(C, Vec<Duration>, usize)> {
    let (mut latencies, mut answers) = (Vec::with_capacity(1 << 12), 0);
    let mut request = String::with_capacity(1024);
    let mut due = schedule.map_or_else(Instant::now, |(first, _)| first);
    while due < to {
        sleep_until(due).await;
        request.clear();
        caller.request(&mut request);
        let (status, body) = connection.exchange(request.as_bytes()).await?;
        if status != 200 {
            return Err(io::Error::other(format!("{status}: {}", String::from_utf8_lossy(body))));
        }
        caller.answered(body)?;
        answers += 1;
        let answered = Instant::now();
        if from <= answered && answered < to {
            latencies.push(answered - due);
        }
        due = schedule.map_or(answered, |(_, between)| due + between);
    }
    Ok((caller, latencies, answers))
}

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(8192) })
    }

    /// Sends a request and returns the status and the body of its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head]).map_err(io::Error::other)?;
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let (Some(status), Some(length)) = (status, length) else {
            return Err(io::Error::other("an answer without a status or a length"));
        };
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        Ok((status, &self.buffer[head..head + length]))
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
