//! Browser sessions.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

use crate::config::{Config, SignIn};
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::entropy::Entropy;
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::users::User;
use crate::store::web_sessions::{self, WebSession};
use crate::store::{Conn, StoreError, Work, authorization_requests, device_requests};

/// A session that has just begun.
#[derive(Debug)]
pub struct NewSession {
    pub user: User,
    pub cookie: Secret,
    /// Tells the server next time that this browser has signed in to this account before.
    pub known_device: Secret,
}

/// Begins a session under a new cookie. The one the browser had before is worth nothing from now on.
pub(super) fn start(
    work: &mut Work<'_>,
    limits: &SignIn,
    user: User,
    known_device: Secret,
    before: Digest,
    origin: &Origin,
) -> Result<NewSession, StoreError> {
    let cookie = Secret::random(work.entropy);
    let session = WebSession {
        hash: cookie.digest(),
        user_id: user.id.clone(),
        created_at: work.now,
        seen_at: work.now,
        ends_at: work.now + limits.session_max,
        auth_time: work.now,
        ip: origin.ip.clone(),
        user_agent: origin.user_agent.clone(),
    };
    web_sessions::delete(work.conn, before)?;
    web_sessions::insert(work.conn, &session)?;
    authorization_requests::rebind(work.conn, before, session.hash)?;
    device_requests::rebind(work.conn, before, session.hash)?;
    work.record(Event::new(Action::SignedIn, Actor::User(user.id.clone()), origin));
    Ok(NewSession { user, cookie, known_device })
}

/// The session that a cookie stands for, if it lives, with the person it belongs to.
pub fn current(
    conn: &mut Conn,
    config: &Config,
    now: Time,
    cookie: Digest,
) -> Result<Option<(WebSession, User)>, StoreError> {
    web_sessions::find(conn, cookie, now, now - config.sign_in.session_idle)
}

/// Whether the use of a session has to be noted. Once a minute is precise enough for the idle limit.
pub fn is_due(session: &WebSession, now: Time) -> bool {
    now - session.seen_at >= TimeDelta::minutes(1)
}

/// Notes that a session is in use.
pub fn touch(work: &mut Work<'_>, session: &WebSession) -> Result<(), StoreError> {
    web_sessions::touch(work.conn, session.hash, work.now)
}

/// Signs a browser out.
pub fn sign_out(work: &mut Work<'_>, session: &WebSession, origin: &Origin) -> Result<(), StoreError> {
    if web_sessions::delete(work.conn, session.hash)? {
        work.record(Event::new(Action::SignedOut, Actor::User(session.user_id.clone()), origin));
    }
    Ok(())
}

/// The nonce of a device that this account knows, if the cookie is one that the server made for it.
pub(super) fn known_device(master: &MasterKey, user: Option<&User>, cookie: Option<&str>) -> Option<String> {
    let (nonce, mac) = cookie?.split_once('.')?;
    let parts = [user?.id.as_bytes(), nonce.as_bytes()];
    master.recognizes(Purpose::KnownDevice, &parts, mac).then(|| nonce.to_owned())
}

/// The cookie by which a device is known; a device that is known already keeps its own.
pub(super) fn remember(master: &MasterKey, user: &User, known: Option<String>, entropy: Entropy) -> Secret {
    let nonce = known.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(entropy.bytes::<16>()));
    let mac = master.token(Purpose::KnownDevice, &[user.id.as_bytes(), nonce.as_bytes()]);
    Secret::new(format!("{nonce}.{}", mac.expose()))
}
