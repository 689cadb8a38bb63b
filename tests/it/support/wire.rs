//! HTTP as bytes on a socket, for requests that no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Bytes received until the server closed the connection or the timeout.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) closed: bool,
}

impl Heard {
    /// Status of each response.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let answers = self.text.split("HTTP/1.1 ").skip(1);
        answers.map(|answer| answer[..3].parse().unwrap()).collect()
    }
}

/// Sends bytes and reads until the connection is closed, for at most `patience`.
pub(crate) async fn say(address: SocketAddr, bytes: &[u8], patience: Duration) -> Heard {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that refused the start need not read the rest.
    drop(stream.write_all(bytes).await);
    listen(&mut stream, patience).await
}

/// Reads until the connection is closed, for at most `patience`.
pub(crate) async fn listen(stream: &mut TcpStream, patience: Duration) -> Heard {
    let mut heard = Vec::new();
    let closed = timeout(patience, stream.read_to_end(&mut heard)).await.is_ok();
    Heard { text: String::from_utf8_lossy(&heard).into_owned(), closed }
}
