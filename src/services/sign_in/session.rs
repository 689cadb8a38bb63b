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

/// A new browser session.
#[derive(Debug)]
pub struct NewSession {
    pub user: User,
    pub cookie: Secret,
    /// The known-device cookie, which identifies this browser at the next sign-in to this account.
    pub known_device: Secret,
}

/// Starts a session under a new cookie, and ends the one of the previous cookie.
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

/// The active session of a cookie, with its user.
pub fn current(
    conn: &mut Conn,
    config: &Config,
    now: Time,
    cookie: Digest,
) -> Result<Option<(WebSession, User)>, StoreError> {
    web_sessions::find(conn, cookie, now, now - config.sign_in.session_idle)
}

/// Whether a session's last use must be updated. Once a minute is precise enough for the idle timeout.
pub fn is_touch_due(session: &WebSession, now: Time) -> bool {
    now - session.seen_at >= TimeDelta::minutes(1)
}

/// Updates the last use of a session.
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

/// How long a device is known after the last sign-in on it.
pub const DEVICE_KNOWN_FOR: TimeDelta = TimeDelta::days(180);

/// The nonce of a known device; `None` if the cookie is not genuine, too old, or older than the last time
/// that this user's devices were forgotten. A new password also forgets them.
pub(super) fn known_device(
    master: &MasterKey,
    user: Option<&User>,
    cookie: Option<&str>,
    now: Time,
) -> Option<String> {
    let user = user?;
    let (signed, mac) = cookie?.rsplit_once('.')?;
    let (nonce, issued_micros) = signed.split_once('.')?;
    let issued = Time::from_micros(issued_micros.parse().ok()?)?;
    let genuine = master.verify_token(Purpose::KnownDevice, &device_parts(user, nonce, issued_micros), mac);
    let known = genuine
        && now - issued < DEVICE_KNOWN_FOR
        && user.devices_forgotten_at.is_none_or(|forgotten| issued > forgotten)
        && user.password_changed_at.is_none_or(|changed| issued >= changed);
    known.then(|| nonce.to_owned())
}

/// A fresh known-device cookie. A known device keeps its nonce.
pub(super) fn known_device_cookie(
    master: &MasterKey,
    user: &User,
    known: Option<String>,
    now: Time,
    entropy: Entropy,
) -> Secret {
    let nonce = known.unwrap_or_else(|| URL_SAFE_NO_PAD.encode(entropy.bytes::<16>()));
    let issued = now.micros().to_string();
    let mac = master.token(Purpose::KnownDevice, &device_parts(user, &nonce, &issued));
    Secret::new(format!("{nonce}.{issued}.{}", mac.expose()))
}

fn device_parts<'a>(user: &'a User, nonce: &'a str, issued: &'a str) -> [&'a [u8]; 3] {
    [user.id.as_bytes(), nonce.as_bytes(), issued.as_bytes()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::IdKind;

    fn at(seconds: i64) -> Time {
        Time::from_micros((1_795_000_000 + seconds) * 1_000_000).unwrap()
    }

    fn user() -> User {
        User {
            id: IdKind::User.new_id(Entropy),
            email: "ada@example.com".to_owned(),
            name: "Ada".to_owned(),
            password_hash: None,
            password_changed_at: Some(at(0)),
            created_at: at(0),
            disabled_at: None,
            devices_forgotten_at: None,
        }
    }

    #[test]
    fn ca_03_a_device_is_known_until_it_is_too_old_forgotten_or_the_password_is_new() {
        let master = MasterKey::new(&[1; 32], "https://auth.example.com");
        let ada = user();
        let cookie = known_device_cookie(&master, &ada, None, at(10), Entropy);
        let known = |user: &User, now| known_device(&master, Some(user), Some(cookie.expose()), now);
        let nonce = known(&ada, at(10)).unwrap();
        let end = at(10) + DEVICE_KNOWN_FOR;
        assert_eq!(known(&ada, end - TimeDelta::seconds(1)), Some(nonce.clone()));
        assert_eq!(known(&ada, end), None);
        let renewed = known_device_cookie(&master, &ada, Some(nonce.clone()), end, Entropy);
        assert_eq!(known_device(&master, Some(&ada), Some(renewed.expose()), end), Some(nonce.clone()));

        let forgotten = User { devices_forgotten_at: Some(at(10)), ..ada.clone() };
        assert_eq!(known(&forgotten, at(11)), None);
        let earlier = User { devices_forgotten_at: Some(at(9)), ..ada.clone() };
        assert_eq!(known(&earlier, at(11)), Some(nonce));
        let new_password = User { password_changed_at: Some(at(11)), ..ada.clone() };
        assert_eq!(known(&new_password, at(11)), None);
        assert_eq!(known(&user(), at(11)), None, "another person");
    }

    #[test]
    fn ca_03_the_time_in_a_known_device_cookie_cannot_be_changed() {
        let master = MasterKey::new(&[1; 32], "https://auth.example.com");
        let ada = user();
        let cookie = known_device_cookie(&master, &ada, None, at(10), Entropy);
        let later = cookie.expose().replace(&at(10).micros().to_string(), &at(99).micros().to_string());
        let without = cookie.expose().replace(&format!(".{}", at(10).micros()), "");
        for text in [later.as_str(), &without, "", ".", "..", "a.b.c"] {
            assert_eq!(known_device(&master, Some(&ada), Some(text), at(20)), None, "{text}");
        }
    }
}
