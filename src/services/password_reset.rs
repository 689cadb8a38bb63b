//! Links to set a new password, which only the operator makes.
//!
//! An administrator of an organization makes none: with one, they would own that person in every other organization.

use chrono::TimeDelta;

use super::operator_refusal::OperatorRefusal;
use super::sessions;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::store::users::{self, User};
use crate::store::{StoreError, TxError, Work, password_resets, web_sessions};

/// How long a link works.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// A link that was just made.
#[derive(Debug, Clone)]
pub struct ResetLink {
    /// The last part of its path.
    pub token: Secret,
    pub ends_at: Time,
}

/// Makes a link, which replaces the one before. Only its digest is stored.
pub fn create_link(work: &mut Work<'_>, email: &str) -> Result<ResetLink, TxError<OperatorRefusal>> {
    let user = users::find_by_email(work.conn, email)?.ok_or(OperatorRefusal::NoSuchUser)?;
    if user.disabled_at.is_some() {
        return Err(OperatorRefusal::UserDisabled.into());
    }
    let link = ResetLink { token: Secret::random(work.entropy), ends_at: work.now + LIFETIME };
    password_resets::replace(work.conn, &user.id, link.token.digest(), work.now, link.ends_at)?;
    work.record(Event::new(Action::ResetLinkCreated, Actor::Operator, &Origin::default()).target(&user.id));
    Ok(link)
}

/// Uses a link: sets the password, signs out every browser, and the tools if `tools`. It signs no browser in.
/// `None` if the link was used or replaced, or has expired, or the user is disabled.
pub fn reset(
    work: &mut Work<'_>,
    token: Digest,
    password_hash: &str,
    tools: bool,
    origin: &Origin,
) -> Result<Option<User>, StoreError> {
    let Some(user_id) = password_resets::consume(work.conn, token, work.now)? else { return Ok(None) };
    let user = users::find(work.conn, &user_id)?.filter(|user| user.disabled_at.is_none());
    let Some(user) = user else { return Ok(None) };
    users::set_password(work.conn, &user_id, password_hash, work.now)?;
    let browsers = web_sessions::delete_of_user(work.conn, &user_id)?;
    let sessions = if tools { sessions::end_everywhere(work, &user_id, origin)? } else { 0 };
    let event = Event::new(Action::PasswordReset, Actor::User(user_id), origin).target(&user.id);
    work.record(event.detail("browsers", browsers).detail("sessions", sessions));
    Ok(Some(user))
}
