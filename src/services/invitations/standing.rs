//! Whether an invitation can be accepted now, and if not, why.

use crate::config::Config;
use crate::domain::invitation::{InvitationState, may_invite};
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::store::invitations::{self, Invitation};
use crate::store::organizations::{self, Organization};
use crate::store::users::{self, User};
use crate::store::{Conn, StoreError, memberships};

/// Number of owners and admins that are named as people to ask.
const NAMED: usize = 3;

/// What a link leads to.
#[derive(Debug, Clone)]
pub enum Standing {
    Open(Box<OpenInvitation>),
    Ended(Box<EndedInvitation>),
    /// No link of this server.
    Unknown,
}

/// An invitation that can be accepted.
#[derive(Debug, Clone)]
pub struct OpenInvitation {
    pub invitation: Invitation,
    pub organization: Organization,
    pub inviter: User,
    /// Role of the inviter.
    pub inviter_role: String,
}

/// An invitation that can no longer be accepted, with the people to ask for another.
#[derive(Debug, Clone)]
pub struct EndedInvitation {
    pub organization: Organization,
    pub inviter: User,
    pub reason: EndReason,
    /// Who accepted it.
    pub accepted_by: Option<String>,
    /// Names of owners and admins.
    pub managers: Vec<String>,
}

/// Why an invitation cannot be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    Expired(Time),
    /// Replaced by a newer one.
    Superseded(Time),
    /// By an owner or admin, or because the inviter may no longer invite.
    Canceled,
    Accepted,
    /// The configuration no longer has the role.
    RoleGone,
}

/// What the link with this token leads to.
pub fn by_token(conn: &mut Conn, config: &Config, token: Digest, now: Time) -> Result<Standing, StoreError> {
    match invitations::find_by_token(conn, token)? {
        Some(invitation) => of(conn, config, invitation, now),
        None => Ok(Standing::Unknown),
    }
}

pub(super) fn of(
    conn: &mut Conn,
    config: &Config,
    invitation: Invitation,
    now: Time,
) -> Result<Standing, StoreError> {
    let organization = organizations::find(conn, &invitation.org_id)?;
    let inviter = users::find(conn, &invitation.invited_by)?;
    let (Some(organization), Some(inviter)) = (organization, inviter) else {
        return Err(StoreError::Failed("an invitation without its organization or inviter".to_owned()));
    };
    // `None` also if the inviter or the organization is disabled.
    let inviter_role = memberships::role(conn, &organization.id, &inviter.id)?;
    let inviter_role = inviter_role.filter(|role| may_invite(&config.catalog, role, &invitation.role));
    let has_role = config.role(&invitation.role).is_some();
    let reason = match (invitation.state, inviter_role) {
        (InvitationState::Accepted, _) => EndReason::Accepted,
        (InvitationState::Superseded, _) => EndReason::Superseded(invitation.state_at),
        (InvitationState::Canceled, _) | (InvitationState::Waiting, None) => EndReason::Canceled,
        (InvitationState::Waiting, Some(_)) if now >= invitation.ends_at => {
            EndReason::Expired(invitation.ends_at)
        }
        (InvitationState::Waiting, Some(_)) if !has_role => EndReason::RoleGone,
        (InvitationState::Waiting, Some(inviter_role)) => {
            let open = OpenInvitation { invitation, organization, inviter, inviter_role };
            return Ok(Standing::Open(Box::new(open)));
        }
    };
    let managers = memberships::managers(conn, &organization.id, NAMED)?;
    let accepted_by = invitation.accepted_by;
    Ok(Standing::Ended(Box::new(EndedInvitation { organization, inviter, reason, accepted_by, managers })))
}
