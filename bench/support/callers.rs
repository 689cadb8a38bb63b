//! Who calls: tools that refresh, tools that have just been approved, gateways that ask about keys, and readers of
//! documents.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keystiled::domain::secret::Secret;

use super::load::Caller;

/// A token endpoint as one client sees it.
#[derive(Debug)]
pub(crate) struct TokenEndpoint {
    /// Up to the length of the body.
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
        // Writing to a string does not fail.
        let _ = write!(into, "{}{length}\r\n\r\nclient_id={id}{}{}", self.head, form[0], form[1]);
    }
}

/// Tools that refresh their sessions in turn over one connection.
pub(crate) struct Refresher {
    endpoint: Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
    current: usize,
}

impl Refresher {
    /// Shares the sessions among this many connections.
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

    /// Gives back the sessions, each with the last refresh token that came.
    pub(crate) fn gather(all: Vec<Self>) -> Vec<Secret> {
        all.into_iter().flat_map(|one| one.sessions).collect()
    }

    /// How many sessions there are.
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

/// A text of an answer. Reading all of the JSON would cost as much as sending the request.
pub(crate) fn member<'a>(body: &'a [u8], name: &str) -> io::Result<&'a str> {
    let text = std::str::from_utf8(body).map_err(io::Error::other)?;
    let rest = text.split(name).skip(1).find_map(|rest| rest.strip_prefix("\":\""));
    let found = rest.and_then(|rest| rest.split_once('"'));
    found.map(|(value, _)| value).ok_or_else(|| io::Error::other(format!("an answer without {name}")))
}

/// Codes that wait to be exchanged, each of them once.
pub(crate) struct Codes {
    waiting: Vec<Secret>,
    verifier: Secret,
    next: AtomicUsize,
}

impl Codes {
    /// Codes whose challenges all are of this verifier.
    pub(crate) fn new(waiting: Vec<Secret>, verifier: Secret) -> Arc<Self> {
        Arc::new(Self { waiting, verifier, next: AtomicUsize::new(0) })
    }
}

/// A connection over which tools exchange their codes.
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

/// Reads one document over and over.
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

/// Asks about one key after the other, with a request for each that was written before.
pub(crate) struct Asker {
    requests: Vec<String>,
    current: usize,
}

impl Asker {
    /// Shares the keys among this many connections.
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
        // A key that introspection does not know is answered with 200 as well.
        if body == br#"{"active":false}"# {
            return Err(io::Error::other("a key was not known"));
        }
        Ok(())
    }
}
