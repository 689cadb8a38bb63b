//! The change of one's own password.

use super::sessions;
use super::sign_in::{self, NewSession};
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::keys::master::MasterKey;
use crate::store::users::{self, User};
use crate::store::web_sessions::WebSession;
use crate::store::{RefusalReason, TxError, Work, password_resets, web_sessions};

/// The browser was signed out, or the password was changed elsewhere, after the current password was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnded;

impl RefusalReason for SessionEnded {}

/// A change for which the current password was entered.
#[derive(Clone)]
pub struct PasswordChange {
    pub session: WebSession,
    /// The user as read before the current password was checked.
    pub user: User,
    /// A PHC string.
    pub new_hash: String,
    /// Whether to end the CLI sessions as well.
    pub tools: bool,
    pub origin: Origin,
}

/// Replaces the password and signs out every browser. The one that asked gets a new session, because its cookie may
/// have been copied.
pub fn change(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    change: PasswordChange,
) -> Result<NewSession, TxError<SessionEnded>> {
    let PasswordChange { session, user, new_hash, tools, origin } = change;
    sign_in::current(work.conn, config, work.now, session.hash)?.ok_or(SessionEnded)?;
    let old_hash = user.password_hash.clone().ok_or(SessionEnded)?;
    password_resets::delete_of_user(work.conn, &user.id)?;
    if !users::change_password(work.conn, &user.id, &old_hash, &new_hash, work.now)? {
        return Err(SessionEnded.into());
    }
    let browsers = web_sessions::delete_of_user(work.conn, &user.id)?;
    let sessions = if tools { sessions::end_everywhere(work, &user.id, &origin)? } else { 0 };
    let event = Event::new(Action::PasswordChanged, Actor::User(user.id.clone()), &origin).target(&user.id);
    work.record(event.detail("browsers", browsers.saturating_sub(1)).detail("sessions", sessions));
    Ok(sign_in::start_for(work, config, master, user, session.hash, &origin)?)
}
