//! A tool that refreshes its session over and over.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use keystile::domain::client::COMPANION;
use keystile::domain::secret::Secret;
use serde::Deserialize;

use super::load::Caller;

/// The current refresh token of a session, and the requests that rotate it.
pub(crate) struct Session {
    address: SocketAddr,
    refresh_token: Secret,
}

#[derive(Deserialize)]
struct Answer {
    refresh_token: String,
}

impl Session {
    pub(crate) fn new(address: SocketAddr, refresh_token: Secret) -> Self {
        Self { address, refresh_token }
    }
}

impl Caller for Session {
    fn request(&self, into: &mut String) {
        let token = self.refresh_token.expose();
        let form = "grant_type=refresh_token&client_id=";
        let length = form.len() + COMPANION.len() + "&refresh_token=".len() + token.len();
        // Writing to a string does not fail.
        let _ = write!(
            into,
            "POST /oauth/token HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}{COMPANION}&refresh_token={token}",
            self.address
        );
    }

    fn answered(&mut self, body: &[u8]) -> io::Result<()> {
        let answer: Answer = serde_json::from_slice(body)?;
        if answer.refresh_token == self.refresh_token.expose() {
            return Err(io::Error::other("the refresh token did not change"));
        }
        self.refresh_token = Secret::new(answer.refresh_token);
        Ok(())
    }
}
