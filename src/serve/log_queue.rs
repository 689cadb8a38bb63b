//! The way of log lines to the standard error stream, which no request waits for.
//!
//! A line goes into a bounded queue, and one thread writes. When the stream takes nothing (a full disk, a reader that
//! has ended or does not read), lines are dropped and counted, and the log says how many as soon as it can be written
//! again.

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

use crate::supervise::Tasks;

/// Lines that may wait to be written.
const LINES: usize = 8192;
/// Bytes of them, at most.
const BYTES: usize = 4 * 1024 * 1024;
/// How often the log says that lines were dropped.
const NOTICE_EVERY: Duration = Duration::from_secs(10);

thread_local! {
    /// Whether this thread is the one that writes. Its notice of dropped lines is not dropped: it says so when the queue is
    /// full.
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

/// The beginning of the queue. A handle: clones are the same queue.
#[derive(Clone)]
pub(super) struct LogQueue {
    sender: Sender<Message>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    lines: AtomicUsize,
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Counts {
    /// A line of this length is no longer in the queue.
    fn took(&self, length: usize) {
        self.lines.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(length, Ordering::Relaxed);
    }
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl LogQueue {
    /// Starts the thread that writes to `out`.
    pub(super) fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, queue) = channel();
        let counts = Arc::new(Counts::default());
        let for_thread = counts.clone();
        // Readiness does not hang on the log, so nobody looks at this list.
        Tasks::default().thread("log", move || write_all(&queue, &for_thread, &mut out))?;
        Ok(Self { sender, counts })
    }

    /// Adds a line, which ends with a line break.
    pub(super) fn push(&self, line: Vec<u8>) {
        let length = line.len();
        let lines = self.counts.lines.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.counts.bytes.fetch_add(length, Ordering::Relaxed) + length;
        let fits = (lines <= LINES && bytes <= BYTES) || WRITES.get();
        if !fits || self.sender.send(Message::Line(line)).is_err() {
            self.counts.took(length);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything that was logged before is written, at most as long as `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let (done, flushed) = sync_channel(1);
        if self.sender.send(Message::Flush(done)).is_err() {
            return;
        }
        // Nothing is left to do for lines that were not written in time.
        flushed.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
    }
}

/// One formatted event. Writing always succeeds: the formatter has nowhere else to turn.
pub(super) struct Line<'a>(&'a LogQueue);

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.push(text.to_vec());
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

fn write_all(queue: &Receiver<Message>, counts: &Counts, out: &mut impl Write) {
    WRITES.set(true);
    let mut torn = false;
    let mut noticed: Option<Instant> = None;
    for message in queue {
        let line = match message {
            Message::Line(line) => line,
            Message::Flush(done) => {
                done.try_send(()).ok();
                continue;
            }
        };
        counts.took(line.len());
        let whole = (!torn || write(out, b"\n") == 1) && {
            let written = write(out, &line);
            torn = written < line.len() && (torn || written > 0);
            written == line.len()
        };
        if !whole {
            counts.dropped.fetch_add(1, Ordering::Relaxed);
        } else if noticed.is_none_or(|at| at.elapsed() >= NOTICE_EVERY) {
            let lines = counts.dropped.swap(0, Ordering::Relaxed);
            if lines > 0 {
                noticed = Some(Instant::now());
                tracing::warn!(lines, "log lines were dropped, because they could not be written");
            }
        }
    }
}

/// Writes as much as the stream takes before it fails, and says how much that was.
fn write(out: &mut impl Write, text: &[u8]) -> usize {
    let mut written = 0;
    while written < text.len() {
        match out.write(&text[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, OnceLock, PoisonError};
    use std::thread;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Takes what its gate says: `None` for an error, otherwise so many bytes.
    struct Gated(Receiver<Option<usize>>, Arc<Mutex<Vec<u8>>>);

    impl Write for Gated {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let Ok(Some(bytes)) = self.0.recv() else { return Err(io::ErrorKind::StorageFull.into()) };
            let bytes = bytes.min(text.len());
            self.1.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&text[..bytes]);
            Ok(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_torn_does_not_spoil_the_next_one() {
        let (gate, gated) = channel();
        let text = Arc::new(Mutex::new(Vec::new()));
        let log = LogQueue::start(Gated(gated, text.clone())).unwrap();
        for takes in [Some(99), Some(3), None, None, Some(1), Some(99)] {
            gate.send(takes).unwrap();
        }
        for line in ["one\n", "second\n", "third\n", "four\n"] {
            log.push(line.into());
        }
        log.flush(PATIENCE);
        assert_eq!(String::from_utf8(text.lock().unwrap().clone()).unwrap(), "one\nsec\nfour\n");
    }

    #[test]
    fn cb_02_who_logs_does_not_wait_for_a_stream_that_takes_nothing() {
        let (gate, gated) = channel();
        let text = Arc::new(Mutex::new(Vec::new()));
        let log = LogQueue::start(Gated(gated, text.clone())).unwrap();
        for _ in 0..LINES + 10 {
            log.push(b"a line\n".to_vec());
        }
        let dropped = log.counts.dropped.load(Ordering::Relaxed);
        assert!((9..=10).contains(&dropped), "{dropped}: one may have left the queue");
        log.flush(Duration::from_millis(20));
        for _ in 0..LINES + 10 {
            gate.send(Some(99)).unwrap();
        }
        log.flush(PATIENCE);
        assert_eq!(text.lock().unwrap().len(), (LINES + 10 - usize::try_from(dropped).unwrap()) * 7);
        assert_eq!(log.counts.dropped.load(Ordering::Relaxed), 0, "the log has said so");
    }

    /// Takes everything. While it takes the first line, others fill the queue, and this thread logs to it.
    struct Pressed(Arc<OnceLock<LogQueue>>, Arc<Mutex<Vec<u8>>>);

    impl Write for Pressed {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let mut written = self.1.lock().unwrap_or_else(PoisonError::into_inner);
            if written.is_empty() {
                let log = self.0.wait().clone();
                let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
                // Until the thread ends.
                std::mem::forget(tracing::subscriber::set_default(subscriber));
                let fill = || (0..LINES + 7).for_each(|_| log.push(b"a line\n".to_vec()));
                thread::scope(|scope| drop(scope.spawn(fill)));
            }
            written.extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn cb_02_the_log_says_how_many_lines_were_dropped_although_the_queue_is_full() {
        let (handle, text) = (Arc::new(OnceLock::new()), Arc::new(Mutex::new(Vec::new())));
        let log = LogQueue::start(Pressed(handle.clone(), text.clone())).unwrap();
        assert!(handle.set(log.clone()).is_ok());
        log.push(b"first\n".to_vec());
        while text.lock().unwrap().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        log.flush(PATIENCE);
        let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
        let notices: Vec<&str> =
            text.lines().filter(|line| line.contains("log lines were dropped")).collect();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].contains('7'), "{notices:?}");
    }

    #[test]
    fn few_large_lines_do_not_take_all_memory() {
        let (gate, gated) = channel();
        let log = LogQueue::start(Gated(gated, Arc::default())).unwrap();
        for _ in 0..8 {
            log.push(vec![b'x'; BYTES / 4]);
        }
        assert!(log.counts.dropped.load(Ordering::Relaxed) >= 3);
        drop(gate);
    }
}
