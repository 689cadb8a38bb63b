//! A connection that knows whether it is idle, and can be asked to close.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connections::Place;

/// A connection with its place. When it is asked to close, it reads like one whose other end has gone: what is being
/// answered is answered, and nothing else.
pub(super) struct Tracked {
    stream: TcpStream,
    place: Place,
    /// Whether something was read since the last answer.
    busy: bool,
}

impl Tracked {
    pub(super) fn new(stream: TcpStream, place: Place) -> Self {
        Self { stream, place, busy: false }
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
                self.place.busy();
            }
            Poll::Pending if self.place.closes(context.waker()) => return Poll::Ready(Ok(())),
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
