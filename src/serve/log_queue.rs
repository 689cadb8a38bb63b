//! The queue of log lines to standard error, so that no request waits for the log.
//!
//! The queue is bounded, and one thread writes it. While the stream fails or blocks (a full disk, a reader
//! that has ended or does not read), lines are dropped and counted, and their number is logged once writing
//! works again.

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

use crate::supervise::Tasks;

/// Capacity in lines, including those being written.
const LINES: usize = 8192;
/// Capacity in bytes.
const BYTES: usize = 4 * 1024 * 1024;
/// Size of a write, in bytes, from which no more lines are added.
const BATCH: usize = 64 * 1024;
/// Pause between two writes. Lines accumulate during it, so that a busy server writes and wakes the thread at
/// most a hundred times per second, not for every line.
const GATHER: Duration = Duration::from_millis(10);
/// Minimum interval between notices of dropped lines.
const NOTICE_EVERY: Duration = Duration::from_secs(10);

thread_local! {
    /// Whether this is the writer thread, whose notice of dropped lines bypasses the full queue.
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

/// Sending side of the queue. A handle: clones are the same queue.
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

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl LogQueue {
    /// Starts the writer thread for `out`.
    pub(super) fn start(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, queue) = channel();
        let counts = Arc::new(Counts::default());
        let for_thread = counts.clone();
        // Readiness does not depend on the log, so this list is never read.
        Tasks::default().thread("log", move || write_all(&queue, &for_thread, &mut out))?;
        Ok(Self { sender, counts })
    }

    /// Queues a line, including its line break.
    pub(super) fn push(&self, line: Vec<u8>) {
        let length = line.len();
        let lines = self.counts.lines.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.counts.bytes.fetch_add(length, Ordering::Relaxed) + length;
        let fits = (lines <= LINES && bytes <= BYTES) || WRITES.get();
        if !fits || self.sender.send(Message::Line(line)).is_err() {
            self.counts.lines.fetch_sub(1, Ordering::Relaxed);
            self.counts.bytes.fetch_sub(length, Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything logged before is written, for at most `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let (done, flushed) = sync_channel(1);
        if self.sender.send(Message::Flush(done)).is_err() {
            return;
        }
        // Lines that were not written in time are lost.
        flushed.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
    }
}

/// One formatted event. Writing always succeeds, because the formatter cannot handle an error.
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

/// Lines of one write.
#[derive(Default)]
struct Batch {
    text: Vec<u8>,
    /// End offsets of the lines in the text.
    ends: Vec<usize>,
}

impl Batch {
    fn push(&mut self, line: &[u8]) {
        self.text.extend_from_slice(line);
        self.ends.push(self.text.len());
    }

    /// Writes the lines and returns how many were dropped. `torn` is whether the stream ends in the middle of
    /// a line.
    fn write(&self, out: &mut impl Write, torn: &mut bool) -> u64 {
        let written = if *torn { 0 } else { write(out, &self.text) };
        let whole = self.ends.partition_point(|end| *end <= written);
        let mut start = if whole == 0 { 0 } else { self.ends[whole - 1] };
        let mut dropped = 0;
        let mut rest = self.ends[whole..].iter();
        if !*torn && let Some(end) = rest.next() {
            *torn = written > start;
            start = *end;
            dropped += 1;
        }
        // If the stream fails, each line is tried separately.
        for end in rest {
            let line = &self.text[start..*end];
            start = *end;
            let begun = !*torn || write(out, b"\n") == 1;
            let written = if begun { write(out, line) } else { 0 };
            *torn = written < line.len() && (*torn || written > 0);
            dropped += u64::from(written < line.len());
        }
        dropped
    }
}

fn write_all(queue: &Receiver<Message>, counts: &Counts, out: &mut impl Write) {
    WRITES.set(true);
    let mut torn = false;
    let mut noticed: Option<Instant> = None;
    while let Ok(first) = queue.recv() {
        let (mut batch, mut flushes) = (Batch::default(), Vec::new());
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Line(line) => batch.push(&line),
                Message::Flush(done) => flushes.push(done),
            }
            next = if batch.text.len() < BATCH { queue.try_recv().ok() } else { None };
        }
        let dropped = batch.write(out, &mut torn);
        counts.lines.fetch_sub(batch.ends.len(), Ordering::Relaxed);
        counts.bytes.fetch_sub(batch.text.len(), Ordering::Relaxed);
        counts.dropped.fetch_add(dropped, Ordering::Relaxed);
        if dropped == 0 && !batch.ends.is_empty() && noticed.is_none_or(|at| at.elapsed() >= NOTICE_EVERY) {
            let lines = counts.dropped.swap(0, Ordering::Relaxed);
            if lines > 0 {
                noticed = Some(Instant::now());
                tracing::warn!(lines, "log lines were dropped, because they could not be written");
            }
        }
        for done in flushes {
            done.try_send(()).ok();
        }
        thread::sleep(GATHER);
    }
}

/// Writes until the stream fails, and returns the number of bytes written.
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

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(20);

    /// Accepts as many bytes as its gate allows; `None` for an error.
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
            log.flush(TIMEOUT);
        }
        assert_eq!(String::from_utf8(text.lock().unwrap().clone()).unwrap(), "one\nsec\nfour\n");
    }

    #[test]
    fn a_batch_that_fails_in_the_middle_loses_no_line_that_can_be_written() {
        let mut batch = Batch::default();
        for line in ["one\n", "second\n", "third\n", "four\n"] {
            batch.push(line.as_bytes());
        }
        for (torn, takes, text, dropped, torn_after) in [
            (false, &[Some(99)][..], "one\nsecond\nthird\nfour\n", 0, false),
            (
                false,
                &[Some(4), Some(3), None, Some(1), Some(99), Some(99)],
                "one\nsec\nthird\nfour\n",
                1,
                false,
            ),
            (false, &[Some(4), None, Some(99), Some(2), None], "one\nthird\nfo", 2, true),
            (false, &[None, Some(99), Some(99), Some(99)], "second\nthird\nfour\n", 1, false),
            (true, &[None, Some(1), None, None, Some(1), Some(99)], "\n\nfour\n", 3, false),
            (true, &[None, None, None, None], "", 4, true),
        ] {
            let (gate, gated) = channel();
            for take in takes {
                gate.send(*take).unwrap();
            }
            let (written, mut torn) = (Arc::new(Mutex::new(Vec::new())), torn);
            assert_eq!(batch.write(&mut Gated(gated, written.clone()), &mut torn), dropped, "{text:?}");
            assert_eq!(String::from_utf8(written.lock().unwrap().clone()).unwrap(), text);
            assert_eq!(torn, torn_after, "{text:?}");
        }
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
        assert_eq!(dropped, 10);
        log.flush(Duration::from_millis(20));
        for _ in 0..LINES + 10 {
            gate.send(Some(99)).unwrap();
        }
        log.flush(TIMEOUT);
        assert_eq!(text.lock().unwrap().len(), LINES * 7);
        assert_eq!(log.counts.dropped.load(Ordering::Relaxed), 0, "the log has said so");
    }

    /// Accepts everything. During the first line, other threads fill the queue and this thread logs to it.
    struct Pressed(Arc<OnceLock<LogQueue>>, Arc<Mutex<Vec<u8>>>);

    impl Write for Pressed {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let mut written = self.1.lock().unwrap_or_else(PoisonError::into_inner);
            if written.is_empty() {
                let log = self.0.wait().clone();
                let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
                // Kept until the thread ends.
                std::mem::forget(tracing::subscriber::set_default(subscriber));
                let fill = || (0..LINES + 6).for_each(|_| log.push(b"a line\n".to_vec()));
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
        log.flush(TIMEOUT);
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
