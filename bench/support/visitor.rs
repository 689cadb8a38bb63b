//! People at the sign-in page, each time with a new browser.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::Secret;
use keystiled::keys::password;
use keystiled::services::accounts::{self, NewUser};
use keystiled::store::users;

use super::connection::Connection;
use super::deployment::Deployment;

/// The password of all people.
pub(crate) const PASSWORD: &str = "seven lanterns under the bridge";

/// Adds people with these names; they can sign in, or are disabled.
pub(crate) async fn add(
    deployment: &Deployment<'_>,
    name: &'static str,
    count: usize,
    disabled: bool,
) -> Result<(), Box<dyn Error>> {
    // One hash for all of them, because hashing is slow.
    let password_hash = password::hash(&Secret::new(PASSWORD), Entropy);
    let store = deployment.store()?;
    let add = store.write(move |work| {
        for n in 0..count {
            let new = NewUser {
                email: email(name, n),
                name: name.to_owned(),
                password_hash: password_hash.clone(),
            };
            let user = accounts::create_user(work, new, &Actor::Operator, &Origin::default())?;
            if disabled {
                users::set_disabled(work.conn, &user.id, Some(work.now))?;
            }
        }
        Ok(())
    });
    Ok(add.await?)
}

/// Email address by number; unknown to the server if it was not added.
pub(crate) fn email(name: &str, n: usize) -> String {
    format!("{name}{n}@example.com")
}

/// A connection over which people sign in.
pub(crate) struct Visitor {
    address: SocketAddr,
    connection: Connection,
}

impl Visitor {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { address, connection: Connection::open(address).await? })
    }

    /// Opens the sign-in page and submits the form. Returns status and duration of the response.
    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> io::Result<(u16, Duration)> {
        let address = self.address;
        let page = format!("GET /sign-in HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let page = self.connection.exchange(page.as_bytes()).await?;
        let unread = || io::Error::other("the sign-in page has no form or no cookie");
        let head = std::str::from_utf8(page.head).map_err(io::Error::other)?;
        let cookie = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap_or_default())
        });
        let html = std::str::from_utf8(page.body).map_err(io::Error::other)?;
        let form =
            html.split_once("action=\"/sign-in\"").and_then(|(_, form)| form.split_once("name=\"csrf\""));
        let token = form.and_then(|(_, rest)| rest.split_once("value=\"")?.1.split('"').next());
        let (cookie, token) = (cookie.ok_or_else(unread)?, token.ok_or_else(unread)?);
        let fields = [("csrf", token), ("email", email), ("password", password)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let post = format!(
            "POST /sign-in HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nContent-Type: \
             application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let begun = Instant::now();
        let answer = self.connection.exchange(post.as_bytes()).await?;
        Ok((answer.status, begun.elapsed()))
    }
}
