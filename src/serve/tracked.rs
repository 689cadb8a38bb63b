//! A connection that tracks whether it is idle, can be asked to close, and has timeouts for a slow peer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connections::Slot;

/// How long a request may take to arrive from its first byte on, and how long a response waits for a peer
/// that reads nothing. The HTTP layer only limits the head of a connection's first request, and a busy
/// connection is never closed for others.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A connection with its slot. Once asked to close, its reads return end of file: the current request is
/// answered, and no other is read.
pub(super) struct Tracked {
    stream: TcpStream,
    place: Slot,
    /// Whether anything was read since the last response.
    busy: bool,
    /// Deadline for reading the current request.
    read_by: Deadline,
    /// Deadline for a stalled response; `None` while the peer reads.
    written_by: Option<Deadline>,
}

/// A deadline. The timer is created when first needed, and reused.
struct Deadline {
    at: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn after(patience: Duration) -> Self {
        Self { at: Instant::now() + patience, timer: None }
    }

    fn set(&mut self, patience: Duration) {
        self.at = Instant::now() + patience;
    }

    /// Whether the deadline has passed. If not, the task is woken when it does.
    ///
    /// A moment only ever moves on, mostly long before it comes. So the timer stays where it was and is moved
    /// when it ends, instead of being moved for each request.
    fn has_passed(&mut self, context: &mut Context<'_>) -> bool {
        let at = self.at;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        while timer.as_mut().poll(context).is_ready() {
            if timer.deadline() >= at {
                return true;
            }
            timer.as_mut().reset(at);
        }
        false
    }
}

impl Tracked {
    pub(super) fn new(stream: TcpStream, place: Slot) -> Self {
        Self { stream, place, busy: false, read_by: Deadline::after(TIMEOUT), written_by: None }
    }
}

impl AsyncRead for Tracked {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match read {
            // A request that has arrived is answered, even if the connection has been asked to close.
            Poll::Ready(Ok(())) if buffer.filled().len() > before && !self.busy => {
                self.busy = true;
                self.read_by.set(TIMEOUT);
                self.place.busy();
            }
            Poll::Pending if self.place.is_closing(context.waker()) => return Poll::Ready(Ok(())),
            Poll::Pending if self.busy && self.read_by.has_passed(context) => return Poll::Ready(Ok(())),
            Poll::Ready(_) | Poll::Pending => {}
        }
        read
    }
}

impl AsyncWrite for Tracked {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.written_by = None;
        } else if self.written_by.get_or_insert_with(|| Deadline::after(TIMEOUT)).has_passed(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if matches!(written, Poll::Ready(Ok(n)) if n == bytes.len()) && self.busy {
            self.busy = false;
            self.place.idle();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
