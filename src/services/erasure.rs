//! Erasure of a person: everything that identifies them is deleted, and the account ends. Its row and its id stay, so that
//! the id never identifies another person.

use super::last_owner::LastOwner;
use super::members::ending::{EndedBy, Ending, end};
use super::operator_refusal::OperatorRefusal;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::store::users::User;
use crate::store::{TxError, Work, audit, erasure, members, memberships, organizations, users};

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    pub user_id: String,
    pub organizations: usize,
    /// Number of values in the audit log.
    pub values: usize,
}

/// Erases the user with this address, by the operator.
pub fn erase_by_address(work: &mut Work<'_>, email: &str) -> Result<Erased, TxError<OperatorRefusal>> {
    let user = users::find_by_email(work.conn, email)?.ok_or(OperatorRefusal::NoSuchUser)?;
    erase(work, &user, &Actor::Operator, &Origin::default())
}

/// Erases a user. Refused while an organization would be left without an owner who can sign in. Call
/// [`super::audit_rebase::run`] before: values that are inside of events cannot be erased.
pub fn erase(
    work: &mut Work<'_>,
    user: &User,
    actor: &Actor,
    origin: &Origin,
) -> Result<Erased, TxError<OperatorRefusal>> {
    let org_ids = memberships::organization_ids(work.conn, &user.id)?;
    for org_id in &org_ids {
        organizations::lock(work.conn, org_id)?;
    }
    for org_id in memberships::owned_by(work.conn, &user.id)? {
        if !memberships::has_other_owner(work.conn, &org_id, &user.id)?
            && let Some(organization) = organizations::find(work.conn, &org_id)?
        {
            return Err(OperatorRefusal::LastOwner(LastOwner { slug: organization.slug }).into());
        }
    }
    if audit::unmoved_chain(work.conn)?.is_some() {
        return Err(OperatorRefusal::ValuesInEvents.into());
    }
    // Of what this transaction records about the person, nothing is kept either.
    work.forget(&user.id);
    erasure::forget_thoroughly(work.conn)?;
    let erased = remove(work, user, &org_ids, actor, origin);
    erasure::forget_normally(work.conn)?;
    let values = erased?;
    let user_id = user.id.clone();
    let event = Event::new(Action::UserErased, actor.clone(), origin).target(&user_id);
    work.record(event.detail("values", values));
    Ok(Erased { user_id, organizations: org_ids.len(), values })
}

fn remove(
    work: &mut Work<'_>,
    user: &User,
    org_ids: &[String],
    actor: &Actor,
    origin: &Origin,
) -> Result<usize, TxError<OperatorRefusal>> {
    for org_id in org_ids {
        let Some(member) = members::find(work.conn, org_id, &user.id)? else { continue };
        let event = |action| Event::new(action, actor.clone(), origin).org(org_id);
        let by = EndedBy { org_id, user_id: actor.user(), event: &event };
        end(work, &by, &member, Ending::Erased, 0)?;
    }
    Ok(erasure::erase(work.conn, user, work.now)?)
}
