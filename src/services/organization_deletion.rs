//! Deleting an organization. Everything that acts in it is refused from the next request on, because a deleted organization
//! is disabled, which every use reads. For [`UNDO`] the operator can undo it; then its rows are purged.

use super::credential_policy::count_active_keys;
use super::operator_refusal::OperatorRefusal;
use super::org_actor::OrgActor;
use super::refusal::ServiceRefusal;
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::credential::EndReason;
use crate::domain::organization::UNDO;
use crate::domain::time::Time;
use crate::store::organizations::{self, Organization};
use crate::store::{
    Conn, StoreError, TxError, Work, authorization_codes, credentials, device_requests, invitations,
    join_links, memberships, service_accounts,
};

/// Numbers of what ends with an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ending {
    pub members: i64,
    /// CLI sessions, which do not come back.
    pub sessions: i64,
    pub personal_tokens: i64,
    pub keys: i64,
    pub service_accounts: i64,
}

/// Counts what would end.
pub fn ending(conn: &mut Conn, org_id: &str, now: Time) -> Result<Ending, StoreError> {
    let [sessions, personal_tokens, _] = credentials::count_personal(conn, org_id, now)?;
    Ok(Ending {
        members: memberships::count(conn, org_id)?,
        sessions,
        personal_tokens,
        keys: count_active_keys(conn, org_id, now)?,
        service_accounts: service_accounts::count(conn, org_id)?,
    })
}

/// Deletes the organization of the actor, an owner in a browser who has typed its short name. Returns until when it can be
/// undone.
pub fn delete(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    typed: &str,
) -> Result<Time, TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    actor.require_owner_in_browser()?;
    if typed.trim() != actor.organization.slug {
        let message = format!("Enter {} to delete this organization.", actor.organization.slug);
        return Err(ServiceRefusal::invalid("confirmation", message).into());
    }
    let event = actor.event(Action::OrganizationDeleted);
    Ok(end(work, &actor.organization, event)?)
}

/// Deletes an organization, for the operator. `None` if it was deleted already.
pub fn delete_by_operator(work: &mut Work<'_>, slug: &str) -> Result<Option<Time>, TxError<OperatorRefusal>> {
    let named = organizations::find_by_slug(work.conn, slug)?.ok_or(OperatorRefusal::NoSuchOrganization)?;
    let organization =
        organizations::lock(work.conn, &named.id)?.ok_or(OperatorRefusal::NoSuchOrganization)?;
    if organization.deleted_at.is_some() {
        return Ok(None);
    }
    let event = Event::new(Action::OrganizationDeleted, Actor::Operator, &Origin::default());
    Ok(Some(end(work, &organization, event.org(&organization.id))?))
}

/// The organization is locked, so that nothing is created in it until the commit.
fn end(work: &mut Work<'_>, organization: &Organization, event: Event) -> Result<Time, StoreError> {
    let (id, now) = (&organization.id, work.now);
    let counted = ending(work.conn, id, now)?;
    authorization_codes::expire_of_organization(work.conn, id, now)?;
    device_requests::expire_of_organization(work.conn, id, now)?;
    let sessions = credentials::revoke_sessions(work.conn, id, now, EndReason::OrganizationDeleted)?;
    let canceled = invitations::cancel_of_organization(work.conn, id, now)?;
    join_links::end_of_organization(work.conn, id, now)?;
    organizations::set_deleted(work.conn, id, Some(now))?;
    let event = event
        .target(id)
        .detail("members", counted.members)
        .detail("sessions", sessions)
        .detail("personal_tokens", counted.personal_tokens)
        .detail("keys", counted.keys)
        .detail("service_accounts", counted.service_accounts)
        .detail("invitations", canceled);
    work.record(event);
    Ok(now + UNDO)
}
