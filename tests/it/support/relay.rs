//! A recording relay in front of a server, which can withhold a response.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A request and its response.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: String,
    pub(crate) answer: String,
}

#[derive(Default)]
struct State {
    server: Option<SocketAddr>,
    callers: usize,
    seen: Vec<Exchange>,
    keep_back: Option<(&'static str, oneshot::Sender<()>)>,
}

/// The public address of a server that listens somewhere else.
pub(crate) struct Relay {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Relay {
    /// Listens on a free port; requests are forwarded once [`Relay::lead_to`] sets the target.
    pub(crate) fn start() -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        // On a separate thread, because a test may block its own.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                listener.set_nonblocking(true).unwrap();
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    lock(&shared).callers += 1;
                    tokio::spawn(serve(stream, shared.clone()));
                }
            });
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn lead_to(&self, server: SocketAddr) {
        lock(&self.state).server = Some(server);
    }

    /// All exchanges.
    pub(crate) fn seen(&self) -> Vec<Exchange> {
        lock(&self.state).seen.clone()
    }

    /// Number of connections.
    pub(crate) fn callers(&self) -> usize {
        lock(&self.state).callers
    }

    /// Number of requests to a path.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|exchange| is_to(&exchange.request, path)).count()
    }

    /// Withholds the next response to a path; the receiver is notified when the server has sent it.
    pub(crate) fn keep_back(&self, path: &'static str) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.state).keep_back = Some((path, sender));
        receiver
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_to(request: &str, path: &str) -> bool {
    request.split(' ').nth(1).is_some_and(|target| target.split('?').next() == Some(path))
}

/// Forwards requests one by one, each on its own connection to the server.
async fn serve(mut caller: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(request) = message(&mut caller).await {
        let server = lock(&state).server;
        let Some(mut server) = TcpStream::connect(server.unwrap()).await.ok() else { return };
        if server.write_all(&request).await.is_err() {
            return;
        }
        let Some(answer) = message(&mut server).await else { return };
        let request = String::from_utf8_lossy(&request).into_owned();
        let kept_back = {
            let mut state = lock(&state);
            let answer = String::from_utf8_lossy(&answer).into_owned();
            state.seen.push(Exchange { request: request.clone(), answer });
            state.keep_back.take_if(|(path, _)| is_to(&request, path))
        };
        if let Some((_, given)) = kept_back {
            let _ = given.send(());
            return std::future::pending().await;
        }
        if caller.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// Reads one HTTP message: head and, with a content length, body.
async fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some(bytes);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            Ok(_) | Err(_) => return None,
        }
    }
}
