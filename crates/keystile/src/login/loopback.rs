//! The loopback listener for the callback (RFC 8252).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oauth2::RedirectUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::callback::{self, Callback, Request};
use super::page::Page;
use crate::error::ErrorKind;

const LARGEST_HEAD: usize = 16 * 1024;
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Time limit for the last response to the browser.
const FAREWELL: Duration = Duration::from_secs(2);

/// An open listener. Dropping it closes the port and all connections.
pub(crate) struct Loopback {
    port: u16,
    host: &'static str,
    callbacks: mpsc::Receiver<PendingCallback>,
    acceptor: JoinSet<()>,
}

/// A callback whose response is still to be sent.
pub(crate) struct PendingCallback {
    pub(crate) callback: Callback,
    browser: oneshot::Sender<(Page, oneshot::Sender<()>)>,
}

impl PendingCallback {
    /// Sends the response, unless the browser has disconnected.
    pub(crate) async fn answer(self, page: Page) {
        let (sender, sent) = oneshot::channel();
        if self.browser.send((page, sender)).is_ok() {
            let _ = timeout(FAREWELL, sent).await;
        }
    }
}

impl Loopback {
    /// Binds a loopback port; 0 lets the system choose. Uses IPv6 only if there is no IPv4.
    pub(crate) async fn bind(port: u16) -> Result<Self, ErrorKind> {
        let v4 = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await;
        let (bound, host) = match v4 {
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => {
                (TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await, "[::1]")
            }
            bound => (bound, "127.0.0.1"),
        };
        let failed = |error: std::io::Error| ErrorKind::Usage {
            message: format!("Cannot listen on port {port} of this machine: {error}"),
            hint: Some("Leave --port out to let the system choose one.".into()),
        };
        let listener = bound.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (sender, callbacks) = mpsc::channel(1);
        let mut acceptor = JoinSet::new();
        acceptor.spawn(accept(listener, format!("{host}:{port}"), sender));
        Ok(Self { port, host, callbacks, acceptor })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The redirect URI.
    pub(crate) fn redirect_url(&self) -> Result<RedirectUrl, ErrorKind> {
        RedirectUrl::new(format!("http://{}:{}/callback", self.host, self.port)).map_err(|error| {
            ErrorKind::LocalFailure { what: "make the callback address".into(), cause: error.to_string() }
        })
    }

    /// Waits for the callback.
    pub(crate) async fn next_callback(&mut self) -> Result<PendingCallback, ErrorKind> {
        self.callbacks.recv().await.ok_or_else(|| ErrorKind::LocalFailure {
            what: "listen for the callback".into(),
            cause: format!("the listener ended ({} left)", self.acceptor.len()),
        })
    }
}

async fn accept(listener: TcpListener, host: String, sender: mpsc::Sender<PendingCallback>) {
    let host: Arc<str> = host.into();
    let settled = Arc::new(AtomicBool::new(false));
    let mut connections = JoinSet::new();
    loop {
        // Removes closed connections, so that the set does not grow.
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, host.clone(), settled.clone(), sender.clone()));
            }
            // Probably out of file descriptors.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    host: Arc<str>,
    settled: Arc<AtomicBool>,
    sender: mpsc::Sender<PendingCallback>,
) {
    let Ok(Some(head)) = timeout(READ_TIMEOUT, read_head(&mut stream)).await else { return };
    let (page, sent) = match callback::read(&head, &host) {
        Request::Refused(page) => (page, None),
        Request::Callback(_) if settled.swap(true, Ordering::SeqCst) => (Page::AlreadyAnswered, None),
        Request::Callback(callback) => {
            let (browser, answer) = oneshot::channel();
            if sender.send(PendingCallback { callback, browser }).await.is_err() {
                return;
            }
            match answer.await {
                Ok((page, sent)) => (page, Some(sent)),
                Err(_) => return,
            }
        }
    };
    // The callback is recorded, so a lost connection does no harm.
    let _ = timeout(READ_TIMEOUT, write(&mut stream, &page)).await;
    if let Some(sent) = sent {
        let _ = sent.send(());
    }
}

async fn write(stream: &mut TcpStream, page: &Page) -> std::io::Result<()> {
    stream.write_all(page.to_http().as_bytes()).await?;
    stream.shutdown().await
}

/// The request line and headers; `None` if too long or incomplete.
async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::with_capacity(2048);
    let mut chunk = [0; 2048];
    loop {
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            bytes.truncate(end);
            return String::from_utf8(bytes).ok();
        }
        if bytes.len() > LARGEST_HEAD {
            return None;
        }
    }
}

#[cfg(test)]
#[path = "loopback_tests.rs"]
mod tests;
