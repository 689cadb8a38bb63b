//! A connection that knows whether it is idle, can be asked to close, and has an end where the other side makes it wait.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::connections::Slot;

/// How long a request may take to arrive, from its first byte on, and how long an answer waits for a reader who takes
/// nothing of it. Below this, the HTTP layer limits the head of the first request of a connection and no other, and a
/// connection that is busy makes room for nobody.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A connection with its place. Once asked to close, its reads return end of file: the request under way is answered, and
/// no other is read.
pub(super) struct Tracked {
    stream: TcpStream,
    place: Slot,
    /// Whether something was read since the last answer.
    busy: bool,
    /// When it has been busy for too long to read more.
    read_by: Alarm,
    /// When an answer has waited for too long; `None` while the other end takes what is written.
    written_by: Option<Alarm>,
}

/// A moment that is waited for. The timer is made when there is something to wait for, and used again.
struct Alarm {
    at: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    fn after(patience: Duration) -> Self {
        Self { at: Instant::now() + patience, timer: None }
    }

    fn set(&mut self, patience: Duration) {
        self.at = Instant::now() + patience;
    }

    /// Whether the moment has come. If not, the task is woken when it does.
    ///
    /// A moment only ever moves on, mostly long before it comes. So the timer stays where it was and is moved when it
    /// ends, instead of being moved for each request.
    fn rings(&mut self, context: &mut Context<'_>) -> bool {
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
        Self { stream, place, busy: false, read_by: Alarm::after(TIMEOUT), written_by: None }
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
            // What has arrived is answered, even if it was asked to close meanwhile.
            Poll::Ready(Ok(())) if buffer.filled().len() > before && !self.busy => {
                self.busy = true;
                self.read_by.set(TIMEOUT);
                self.place.busy();
            }
            Poll::Pending if self.place.closes(context.waker()) => return Poll::Ready(Ok(())),
            Poll::Pending if self.busy && self.read_by.rings(context) => return Poll::Ready(Ok(())),
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
        } else if self.written_by.get_or_insert_with(|| Alarm::after(TIMEOUT)).rings(context) {
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
