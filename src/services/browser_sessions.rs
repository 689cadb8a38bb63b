//! The list of one's own browser sessions, and ending them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::time::Time;
use crate::store::web_sessions::{self, WebSession};
use crate::store::{Conn, StoreError, Work};

/// Maximum number of sessions in the list; [`end_others`] ends all.
pub const LISTED: usize = 50;

/// Identifies a session in URLs. Derived from the digest of the cookie, which itself stays in the database.
pub fn id(session: &WebSession) -> String {
    let digest = Sha256::new_with_prefix("browser session").chain_update(session.hash.as_bytes()).finalize();
    URL_SAFE_NO_PAD.encode(&digest[..16])
}

/// The active sessions of a user, the last seen first.
pub fn list(
    conn: &mut Conn,
    config: &Config,
    user_id: &str,
    now: Time,
) -> Result<Vec<WebSession>, StoreError> {
    let limit = i64::try_from(LISTED).unwrap_or(i64::MAX);
    web_sessions::active_of_user(conn, user_id, now, now - config.sign_in.session_idle, limit)
}

/// Ends one listed session of the user; `false` if there is none with this id.
pub fn end(
    work: &mut Work<'_>,
    config: &Config,
    user_id: &str,
    session_id: &str,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let listed = list(work.conn, config, user_id, work.now)?;
    let Some(session) = listed.into_iter().find(|session| id(session) == session_id) else {
        return Ok(false);
    };
    if web_sessions::delete(work.conn, session.hash)? {
        work.record(ended(user_id, 1, origin));
    }
    Ok(true)
}

/// Ends every session of the user but this one, and returns how many.
pub fn end_others(work: &mut Work<'_>, session: &WebSession, origin: &Origin) -> Result<usize, StoreError> {
    let browsers = web_sessions::delete_others(work.conn, &session.user_id, session.hash)?;
    if browsers > 0 {
        work.record(ended(&session.user_id, browsers, origin));
    }
    Ok(browsers)
}

fn ended(user_id: &str, browsers: usize, origin: &Origin) -> Event {
    let event = Event::new(Action::OtherBrowsersSignedOut, Actor::User(user_id.to_owned()), origin);
    event.target(user_id).detail("browsers", browsers)
}
