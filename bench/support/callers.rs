//! The callers: tools that refresh, tools that exchange a code, gateways that look up keys, and readers of documents.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keystiled::domain::secret::Secret;

use super::load::Caller;

/// The token endpoint, for one client.
#[derive(Debug)]
pub(crate) struct TokenEndpoint {
    /// Request head up to the value of `Content-Length`.
    head: String,
    client_id: String,
}

impl TokenEndpoint {
    pub(crate) fn new(address: SocketAddr, path: &str, client_id: &str) -> Arc<Self> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: "
        );
        Arc::new(Self { head, client_id: client_id.to_owned() })
    }

    fn post(&self, into: &mut String, form: [&str; 2]) {
        let id = self.client_id.as_str();
        let length = "client_id=".len() + id.len() + form[0].len() + form[1].len();
        // Writing to a string cannot fail.
        let _ = write!(into, "{}{length}\r\n\r\nclient_id={id}{}{}", self.head, form[0], form[1]);
    }
}

/// Refreshes its sessions in turn over one connection.
pub(crate) struct Refresher {
    endpoint: Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
    current: usize,
}

impl Refresher {
    /// Divides the sessions among this many connections.
    pub(crate) fn share(
        endpoint: &Arc<TokenEndpoint>,
        sessions: Vec<Secret>,
        connections: usize,
    ) -> Vec<Self> {
        let mut all: Vec<_> = (0..connections)
            .map(|_| Self { endpoint: endpoint.clone(), sessions: Vec::new(), current: 0 })
            .collect();
        for (n, session) in sessions.into_iter().enumerate() {
            all[n % connections].sessions.push(session);
        }
        all
    }

    /// Returns the sessions, each with its latest refresh token.
    pub(crate) fn gather(all: Vec<Self>) -> Vec<Secret> {
        all.into_iter().flat_map(|one| one.sessions).collect()
    }

    /// Number of sessions.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }
}

impl Caller for Refresher {
    fn request(&mut self, into: &mut String) -> io::Result<()> {
        self.current = (self.current + 1) % self.sessions.len();
        self.endpoint
            .post(into, ["&grant_type=refresh_token&refresh_token=", self.sessions[self.current].expose()]);
        Ok(())
    }

    fn answered(&mut self, body: &[u8]) -> io::Result<()> {
        let next = member(body, "refresh_token")?;
        let session = &mut self.sessions[self.current];
        if next == session.expose() {
            return Err(io::Error::other("the refresh token did not change"));
        }
        *session = Secret::new(next);
        Ok(())
    }
}

/// A string member of a JSON response. Parsing the whole response would cost as much as sending the request.
pub(crate) fn member<'a>(body: &'a [u8], name: &str) -> io::Result<&'a str> {
    let text = std::str::from_utf8(body).map_err(io::Error::other)?;
    let rest = text.split(name).skip(1).find_map(|rest| rest.strip_prefix("\":\""));
    let found = rest.and_then(|rest| rest.split_once('"'));
    found.map(|(value, _)| value).ok_or_else(|| io::Error::other(format!("a response without {name}")))
}

/// Codes that are to be exchanged, once each.
pub(crate) struct Codes {
    waiting: Vec<Secret>,
    verifier: Secret,
    next: AtomicUsize,
}

impl Codes {
    /// Codes whose challenges all belong to this verifier.
    pub(crate) fn new(waiting: Vec<Secret>, verifier: Secret) -> Arc<Self> {
        Arc::new(Self { waiting, verifier, next: AtomicUsize::new(0) })
    }
}

/// Exchanges codes over one connection.
pub(crate) struct Redeemer {
    endpoint: Arc<TokenEndpoint>,
    codes: Arc<Codes>,
}

impl Redeemer {
    pub(crate) fn new(endpoint: &Arc<TokenEndpoint>, codes: &Arc<Codes>) -> Self {
        Self { endpoint: endpoint.clone(), codes: codes.clone() }
    }
}

impl Caller for Redeemer {
    fn request(&mut self, into: &mut String) -> io::Result<()> {
        let Codes { waiting, verifier, next } = &*self.codes;
        let code = waiting.get(next.fetch_add(1, Ordering::Relaxed));
        let code = code.ok_or_else(|| io::Error::other("more codes are exchanged than were prepared"))?;
        let verifier = verifier.expose();
        let grant = format!("&grant_type=authorization_code&code_verifier={verifier}&code=");
        self.endpoint.post(into, [&grant, code.expose()]);
        Ok(())
    }

    fn answered(&mut self, body: &[u8]) -> io::Result<()> {
        member(body, "refresh_token").map(drop)
    }
}

/// Reads the same document again and again.
pub(crate) struct Reader {
    request: String,
}

impl Reader {
    pub(crate) fn new(address: SocketAddr, path: &str) -> Self {
        Self { request: format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n") }
    }
}

impl Caller for Reader {
    fn request(&mut self, into: &mut String) -> io::Result<()> {
        into.push_str(&self.request);
        Ok(())
    }

    fn answered(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Looks up keys in turn, with a prepared request for each.
pub(crate) struct Asker {
    requests: Vec<String>,
    current: usize,
}

impl Asker {
    /// Divides the keys among this many connections.
    pub(crate) fn share(
        keys: &[Secret],
        connections: usize,
        request: impl Fn(&Secret) -> String,
    ) -> Vec<Self> {
        let of = |n| keys.iter().skip(n).step_by(connections).map(&request).collect();
        (0..connections).map(|n| Self { requests: of(n), current: 0 }).collect()
    }
}

impl Caller for Asker {
    fn request(&mut self, into: &mut String) -> io::Result<()> {
        self.current = (self.current + 1) % self.requests.len();
        into.push_str(&self.requests[self.current]);
        Ok(())
    }

    fn answered(&mut self, body: &[u8]) -> io::Result<()> {
        // Introspection of an unknown key is answered with 200 too.
        if body == br#"{"active":false}"# {
            return Err(io::Error::other("an unknown key"));
        }
        Ok(())
    }
}
