//! HTTP as bytes on a socket, for requests that no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What came back until the server closed the connection, or went on waiting.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) closed: bool,
}

impl Heard {
    /// The status of each answer.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let answers = self.text.split("HTTP/1.1 ").skip(1);
        answers.map(|answer| answer[..3].parse().unwrap()).collect()
    }
}

/// Sends these bytes and listens until the connection is closed, at most `patience`.
pub(crate) async fn say(address: SocketAddr, bytes: &[u8], patience: Duration) -> Heard {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has refused the beginning need not take the rest.
    drop(stream.write_all(bytes).await);
    listen(&mut stream, patience).await
}

/// Listens on a connection until it is closed, at most `patience`.
pub(crate) async fn listen(stream: &mut TcpStream, patience: Duration) -> Heard {
    let mut heard = Vec::new();
    let closed = timeout(patience, stream.read_to_end(&mut heard)).await.is_ok();
    Heard { text: String::from_utf8_lossy(&heard).into_owned(), closed }
}
