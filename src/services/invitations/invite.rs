//! Makes invitations: one link for each address.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::domain::audit::{Action, Fact};
use crate::domain::email;
use crate::domain::id::IdKind;
use crate::domain::invitation::{
    INVITER_WINDOW, InvitationState, MAX_ADDRESSES, MAX_NOTE, MAX_OPEN, MAX_PER_INVITER, may_invite,
    new_token,
};
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::services::members;
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::services::service_accounts;
use crate::store::invitations::{self, Invitation};
use crate::store::memberships::{self, OrganizationKey};
use crate::store::{Conn, RefusalReason, StoreError, TxError, Work, users};

/// Fields of the form.
#[derive(Debug, Clone)]
pub struct InviteRequest {
    /// As typed, without empty lines.
    pub addresses: Vec<String>,
    pub role: String,
    /// May be empty.
    pub note: String,
}

/// What became of an address.
#[derive(Debug, Clone)]
pub enum AddressOutcome {
    Invited(IssuedInvitation),
    AlreadyMember(String),
    /// As typed.
    NotAnAddress(String),
}

/// A new invitation. Its token is not stored and cannot be shown again.
#[derive(Debug, Clone)]
pub struct IssuedInvitation {
    pub address: String,
    pub role: String,
    pub token: Secret,
    pub ends_at: Time,
    /// Whether the link of an earlier invitation no longer works.
    pub replaced: bool,
}

/// Why no invitation was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteRefusal {
    Service(ServiceRefusal),
    /// The organization would have more open ones than [`MAX_OPEN`].
    TooManyOpen,
    /// The inviter would have made more than [`MAX_PER_INVITER`] within [`INVITER_WINDOW`].
    TooManyOfInviter,
}

impl RefusalReason for InviteRefusal {}

/// Invites all addresses or, beyond a limit, none. An earlier invitation for an address is replaced.
pub fn invite(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    request: &InviteRequest,
) -> Result<Vec<AddressOutcome>, TxError<InviteRefusal>> {
    let actor = actor.recheck(work, config).map_err(|refused| refused.map(InviteRefusal::Service))?;
    let inviter = inviter(config, &actor, &request.role).map_err(InviteRefusal::Service)?.to_owned();
    let note = note(&request.note).map_err(InviteRefusal::Service)?;
    if request.addresses.is_empty() || request.addresses.len() > MAX_ADDRESSES {
        let message = format!("Enter 1 to {MAX_ADDRESSES} addresses, one a line.");
        return Err(InviteRefusal::Service(ServiceRefusal::invalid("addresses", message)).into());
    }
    let mut outcomes = Vec::new();
    let (mut wanted, mut seen) = (Vec::new(), BTreeSet::new());
    for typed in &request.addresses {
        match email::canonical(typed) {
            None => outcomes.push(AddressOutcome::NotAnAddress(typed.clone())),
            Some(address) if !seen.insert(address.clone()) => {}
            Some(address) if is_member(work.conn, &actor.organization.id, &address)? => {
                outcomes.push(AddressOutcome::AlreadyMember(address));
            }
            Some(address) => wanted.push(address),
        }
    }
    let mut previous = Vec::new();
    for address in &wanted {
        previous.push(invitations::waiting_for(work.conn, &actor.organization.id, address)?);
    }
    require_within_limits(work, &actor, &inviter, &previous)?;
    for (address, previous) in wanted.into_iter().zip(previous) {
        let new = NewInvitation { address, role: request.role.clone(), note: note.clone() };
        let issued = issue(work, config, &actor, &inviter, new, previous.as_ref())?;
        outcomes.push(AddressOutcome::Invited(issued));
    }
    Ok(outcomes)
}

/// The user id of the actor, if they may invite as this role.
pub(super) fn inviter<'a>(
    config: &Config,
    actor: &'a OrgActor,
    role: &str,
) -> Result<&'a str, ServiceRefusal> {
    members::require_manages(actor)?;
    let Some(person) = actor.person().filter(|_| actor.administers()) else {
        return Err(ServiceRefusal::forbidden(
            "Only owners and admins can invite, in a browser or with a CLI session.",
        ));
    };
    service_accounts::require_known_role(config, role)?;
    members::require_may_assign(actor, config, role)?;
    if !may_invite(&config.catalog, &actor.role, role) {
        let message = format!("The role {role} can do more than yours, {}.", actor.role);
        return Err(ServiceRefusal::forbidden(message));
    }
    Ok(person)
}

fn note(text: &str) -> Result<String, ServiceRefusal> {
    let text = text.trim();
    if text.chars().count() > MAX_NOTE || text.chars().any(char::is_control) {
        let message = format!("note must be one line of at most {MAX_NOTE} characters.");
        return Err(ServiceRefusal::invalid("note", message));
    }
    Ok(text.to_owned())
}

fn is_member(conn: &mut Conn, org_id: &str, address: &str) -> Result<bool, StoreError> {
    let Some(user) = users::find_by_email(conn, address)? else { return Ok(false) };
    Ok(memberships::of_user_named(conn, &user.id, OrganizationKey::Id(org_id))?.is_some())
}

/// Refuses as many new invitations as there are entries in `previous`: the invitations that they replace.
pub(super) fn require_within_limits(
    work: &mut Work<'_>,
    actor: &OrgActor,
    inviter: &str,
    previous: &[Option<Invitation>],
) -> Result<(), TxError<InviteRefusal>> {
    let new = i64::try_from(previous.len()).unwrap_or(i64::MAX);
    let still_open = |earlier: &&Invitation| earlier.ends_at > work.now;
    let replaced = previous.iter().flatten().filter(still_open).count();
    let replaced = i64::try_from(replaced).unwrap_or(i64::MAX);
    let made = invitations::count_of_inviter(work.conn, inviter, work.now - INVITER_WINDOW)?;
    if made.saturating_add(new) > MAX_PER_INVITER {
        return Err(InviteRefusal::TooManyOfInviter.into());
    }
    let open = invitations::count_open(work.conn, &actor.organization.id, work.now)?;
    if open - replaced + new > MAX_OPEN {
        return Err(InviteRefusal::TooManyOpen.into());
    }
    Ok(())
}

pub(super) struct NewInvitation {
    pub address: String,
    pub role: String,
    pub note: String,
}

/// Makes an invitation in place of `previous`.
pub(super) fn issue(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    inviter: &str,
    new: NewInvitation,
    previous: Option<&Invitation>,
) -> Result<IssuedInvitation, StoreError> {
    if let Some(previous) = previous {
        invitations::settle(work.conn, &previous.id, InvitationState::Superseded, None, work.now)?;
    }
    let token = new_token(work.entropy);
    let invitation = Invitation {
        id: IdKind::Invitation.new_id(work.entropy),
        org_id: actor.organization.id.clone(),
        address: new.address,
        role: new.role,
        note: new.note,
        token_hash: token.digest(),
        invited_by: inviter.to_owned(),
        created_at: work.now,
        ends_at: work.now + config.organizations.invitation,
        state: InvitationState::Waiting,
        state_at: work.now,
        accepted_by: None,
    };
    invitations::insert(work.conn, &invitation)?;
    let action = if previous.is_some() { Action::InvitationRenewed } else { Action::InvitationCreated };
    let event = actor.event(action).target(&invitation.id).detail("role", Fact::role(&invitation.role));
    work.record(event);
    let Invitation { address, role, ends_at, .. } = invitation;
    Ok(IssuedInvitation { address, role, token, ends_at, replaced: previous.is_some() })
}
