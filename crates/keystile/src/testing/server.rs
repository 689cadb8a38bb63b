//! An HTTP server whose responses come from a closure.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// A request to a [`TestServer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestRequest {
    /// The method, for example `GET`.
    pub method: String,
    /// The path and query.
    pub path: String,
    /// The host and port that the server listens on: `127.0.0.1:40123`.
    pub host: String,
    /// The `Authorization` header, if there was one.
    pub authorization: Option<String>,
    /// All headers in their order, with names in lowercase.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A response of a [`TestServer`].
#[derive(Clone, Debug)]
pub struct TestResponse {
    status: Option<u16>,
    headers: String,
    body: String,
}

impl TestResponse {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self { status: Some(status), headers: String::new(), body: String::new() }
    }

    /// A JSON body with the status 200.
    #[must_use]
    pub fn json(document: &serde_json::Value) -> Self {
        Self { body: document.to_string(), ..Self::status(200) }.header("content-type", "application/json")
    }

    /// A text with the status 200.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { body: text.to_owned(), ..Self::status(200) }
            .header("content-type", "text/plain; charset=utf-8")
    }

    /// No response: the connection is closed.
    pub fn hang_up() -> Self {
        Self { status: None, headers: String::new(), body: String::new() }
    }

    /// Changes the status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { headers: format!("{}{name}: {value}\r\n", self.headers), ..self }
    }
}

/// An HTTP/1.1 server on a free loopback port. It handles one request at a time, each on a connection of its own, and
/// runs until the process ends.
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
}

impl TestServer {
    /// Starts a server whose responses come from `handler`.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub fn start(handler: impl Fn(TestRequest) -> TestResponse + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a bound port has an address");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client may disconnect early.
                let _ = stream.and_then(|stream| serve(stream, address, &handler));
            }
        });
        Self { address }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn serve(
    stream: TcpStream,
    address: SocketAddr,
    handler: &impl Fn(TestRequest) -> TestResponse,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut start = String::new();
    stream.read_line(&mut start)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let header =
        |name: &str| headers.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let length = header("content-length").map_or(Ok(0), |length| length.parse()).map_err(io::Error::other)?;
    let authorization = header("authorization");
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let mut words = start.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let body = String::from_utf8_lossy(&body).into_owned();
    let answer =
        handler(TestRequest { method, path, host: address.to_string(), authorization, headers, body });
    let Some(status) = answer.status else { return Ok(()) };
    let TestResponse { headers, body, .. } = answer;
    let length = body.len();
    write!(
        stream.get_mut(),
        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
