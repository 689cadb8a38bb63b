//! Disabling and enabling users, by the operator.

use super::inviter_loss::{InviterLoss, cancel_of_inviter};
use super::last_owner;
use super::operator_refusal::OperatorRefusal;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::store::{TxError, Work, memberships, organizations, password_resets, users, web_sessions};

/// Disables a user and signs out every browser of theirs. Everything else that acts as them is refused from the next
/// request on, because each use reads the user. Returns the number of browsers; `None` if the user was disabled
/// already.
pub fn disable(work: &mut Work<'_>, email: &str) -> Result<Option<usize>, TxError<OperatorRefusal>> {
    let user = users::find_by_email(work.conn, email)?.ok_or(OperatorRefusal::NoSuchUser)?;
    if user.disabled_at.is_some() {
        return Ok(None);
    }
    let owned = memberships::owned_by(work.conn, &user.id)?;
    let mut joined = Vec::new();
    for org_id in memberships::organization_ids(work.conn, &user.id)? {
        if let Some(organization) = organizations::lock(work.conn, &org_id)? {
            if owned.contains(&org_id) {
                last_owner::require_another(work, &organization, &user)?;
            }
            joined.push(org_id);
        }
    }
    for org_id in joined {
        let caused = |action| Event::new(action, Actor::Operator, &Origin::default()).org(&org_id);
        cancel_of_inviter(work, &org_id, &user.id, InviterLoss::Disabled, caused)?;
    }
    password_resets::delete_of_user(work.conn, &user.id)?;
    users::set_disabled(work.conn, &user.id, Some(work.now))?;
    let browsers = web_sessions::delete_of_user(work.conn, &user.id)?;
    let event = Event::new(Action::UserDisabled, Actor::Operator, &Origin::default()).target(&user.id);
    work.record(event.detail("browsers", browsers));
    Ok(Some(browsers))
}

/// Enables a user again; `false` if the user was not disabled. Browsers have to sign in again, everything else works as
/// before.
pub fn enable(work: &mut Work<'_>, email: &str) -> Result<bool, TxError<OperatorRefusal>> {
    let user = users::find_by_email(work.conn, email)?.ok_or(OperatorRefusal::NoSuchUser)?;
    if user.disabled_at.is_none() {
        return Ok(false);
    }
    users::set_disabled(work.conn, &user.id, None)?;
    work.record(Event::new(Action::UserEnabled, Actor::Operator, &Origin::default()).target(&user.id));
    Ok(true)
}
