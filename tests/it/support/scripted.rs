//! A scripted server, for responses that the real one gives rarely.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A received request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The path and the query.
    pub(crate) path: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) body: String,
}

/// The response: status and document; `None` closes the connection.
pub(crate) type Reply = Option<(u16, Value)>;

/// A server on its own port, with one request per connection.
pub(crate) struct Scripted {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// An authorization server with metadata; everything else comes from `reply`.
    pub(crate) fn start(reply: impl Fn(&Asked, &str) -> Reply + Send + 'static) -> Self {
        Self::with_metadata(metadata, reply)
    }

    /// An authorization server with other metadata, made from its base URL.
    pub(crate) fn with_metadata(
        metadata: impl Fn(&str) -> Value + Send + 'static,
        reply: impl Fn(&Asked, &str) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let record = asked.clone();
        std::thread::spawn(move || {
            let base = format!("http://{address}");
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let Some(request) = read(&mut stream) else { continue };
                record.lock().unwrap().push(request.clone());
                let answer = match request.path.as_str() {
                    "/.well-known/oauth-authorization-server" => Some((200, metadata(&base))),
                    _ => reply(&request, &base),
                };
                let Some((status, document)) = answer else { continue };
                let body = document.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close",
                    body.len()
                );
                // The client may have been killed meanwhile.
                drop(write!(stream.get_mut(), "{head}\r\n\r\n{body}"));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bodies of the requests to a path.
    pub(crate) fn bodies(&self, path: &str) -> Vec<String> {
        self.asked(path).into_iter().map(|asked| asked.body).collect()
    }

    /// The requests to a path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }
}

fn read(stream: &mut BufReader<std::net::TcpStream>) -> Option<Asked> {
    let mut start = String::new();
    stream.read_line(&mut start).ok()?;
    let (mut length, mut idempotency_key) = (0, None);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if let Some(value) = line.strip_prefix("idempotency-key:") {
            idempotency_key = Some(value.trim().to_owned());
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let path = start.split(' ').nth(1)?.to_owned();
    Some(Asked { path, idempotency_key, body: String::from_utf8(body).ok()? })
}

/// The usual metadata of a server with this base URL.
pub(crate) fn metadata(base: &str) -> Value {
    json!({
        "issuer": base, "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "pushed_authorization_request_endpoint": format!("{base}/oauth/par"),
        "device_authorization_endpoint": format!("{base}/oauth/device_authorization"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "cli_configuration": {
            "api_base": base, "device_flow": true, "dashboard_keys_url": format!("{base}/dashboard/api-keys"),
            "pushed_request_status_url": format!("{base}/oauth/par/status"),
        },
    })
}
