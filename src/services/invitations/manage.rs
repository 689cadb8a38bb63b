//! The open invitations of an organization, for owners and admins.

use std::collections::HashMap;

use super::invite::{InviteRefusal, IssuedInvitation, NewInvitation, inviter, issue, require_within_limits};
use crate::config::Config;
use crate::domain::audit::Action;
use crate::domain::invitation::{InvitationState, may_invite};
use crate::domain::time::Time;
use crate::services::members;
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::invitations::{self, Invitation};
use crate::store::{Conn, StoreError, TxError, Work, memberships, users};

const NO_SUCH_INVITATION: ServiceRefusal = ServiceRefusal::NotFound("There is no such invitation.");

/// A waiting invitation.
#[derive(Debug, Clone)]
pub struct ListedInvitation {
    pub invitation: Invitation,
    pub inviter_name: String,
    /// Whether the inviter may still invite as this role. If not, it counts as canceled.
    pub counts: bool,
    /// Whether the actor may make a new link for it, or cancel it.
    pub manageable: bool,
}

/// A page of the waiting invitations, newest first, starting after the cursor `after`.
pub fn list(
    conn: &mut Conn,
    config: &Config,
    actor: &OrgActor,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<ListedInvitation>, TxError<ServiceRefusal>> {
    if !members::sees_details(actor)? {
        return Err(ServiceRefusal::forbidden("Only owners and admins see invitations.").into());
    }
    let org_id = &actor.organization.id;
    let page = invitations::page(conn, org_id, after, limit)?;
    let inviters: Vec<&str> = page.iter().map(|invitation| invitation.invited_by.as_str()).collect();
    let names: HashMap<String, String> = users::names(conn, &inviters)?.into_iter().collect();
    let mut roles = HashMap::new();
    for inviter in inviters {
        if !roles.contains_key(inviter) {
            roles.insert(inviter.to_owned(), memberships::role(conn, org_id, inviter)?);
        }
    }
    let listed = page.into_iter().map(|invitation| {
        let inviter_role = roles.get(&invitation.invited_by).and_then(Option::as_deref);
        ListedInvitation {
            inviter_name: names.get(&invitation.invited_by).cloned().unwrap_or_default(),
            counts: inviter_role.is_some_and(|role| may_invite(&config.catalog, role, &invitation.role)),
            manageable: may_invite(&config.catalog, &actor.role, &invitation.role),
            invitation,
        }
    });
    Ok(listed.collect())
}

/// Replaces a waiting invitation by one with a new link, of which the actor is the inviter.
pub fn renew(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
) -> Result<IssuedInvitation, TxError<InviteRefusal>> {
    let actor = actor.recheck(work, config).map_err(|refused| refused.map(InviteRefusal::Service))?;
    members::require_manages(&actor).map_err(InviteRefusal::Service)?;
    let previous = lock(work, &actor, id)?.ok_or(InviteRefusal::Service(NO_SUCH_INVITATION))?;
    let inviter = inviter(config, &actor, &previous.role).map_err(InviteRefusal::Service)?.to_owned();
    require_waiting(&previous).map_err(InviteRefusal::Service)?;
    require_within_limits(work, &actor, &inviter, &[Some(previous.clone())])?;
    let Invitation { address, role, note, .. } = previous.clone();
    let new = NewInvitation { address, role, note };
    Ok(issue(work, config, &actor, &inviter, new, Some(&previous))?)
}

/// Cancels a waiting invitation: its link no longer works.
pub fn cancel(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
) -> Result<(), TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    members::require_manages(&actor)?;
    let invitation = lock(work, &actor, id)?.ok_or(NO_SUCH_INVITATION)?;
    // A role that the configuration no longer has is no reason to keep its invitations.
    if !may_invite(&config.catalog, &actor.role, &invitation.role) {
        let message = "Only somebody who could make this invitation can cancel it.";
        return Err(ServiceRefusal::forbidden(message).into());
    }
    require_waiting(&invitation)?;
    invitations::settle(work.conn, &invitation.id, InvitationState::Canceled, None, work.now)?;
    work.record(actor.event(Action::InvitationCanceled).target(&invitation.id));
    Ok(())
}

/// Locks an invitation of the actor's organization.
fn lock(work: &mut Work<'_>, actor: &OrgActor, id: &str) -> Result<Option<Invitation>, StoreError> {
    let found = invitations::lock(work.conn, id)?;
    Ok(found.filter(|invitation| invitation.org_id == actor.organization.id))
}

fn require_waiting(invitation: &Invitation) -> Result<(), ServiceRefusal> {
    match invitation.state {
        InvitationState::Waiting => Ok(()),
        InvitationState::Accepted => Err(ServiceRefusal::Ended("The invitation was accepted.".to_owned())),
        InvitationState::Canceled => Err(ServiceRefusal::Ended("The invitation was canceled.".to_owned())),
        InvitationState::Superseded => {
            Err(ServiceRefusal::Ended("The invitation was replaced by a newer one.".to_owned()))
        }
    }
}
