//! What a person has offered ends when they may no longer offer it: waiting invitations and join links.

use crate::config::Config;
use crate::domain::audit::{Action, Event};
use crate::domain::invitation::may_invite;
use crate::store::{StoreError, Work, invitations, join_links};

/// Why an inviter may no longer invite.
#[derive(Debug, Clone, Copy)]
pub enum InviterLoss<'a> {
    /// Left the organization or was removed.
    MembershipEnded,
    Disabled,
    /// Has this role now, with which they may still invite for some roles.
    Role {
        config: &'a Config,
        role: &'a str,
    },
}

impl<'a> InviterLoss<'a> {
    fn reason(self) -> &'static str {
        match self {
            Self::MembershipEnded => "inviter_left",
            Self::Disabled => "inviter_disabled",
            Self::Role { .. } => "inviter_role_changed",
        }
    }

    /// Roles for which their invitations stay.
    fn kept(self) -> Vec<&'a str> {
        match self {
            Self::MembershipEnded | Self::Disabled => Vec::new(),
            Self::Role { config, role } => {
                let ids = config.roles.iter().map(|role| role.id.as_str());
                ids.filter(|invited| may_invite(&config.catalog, role, invited)).collect()
            }
        }
    }
}

/// Cancels the waiting invitations of an inviter and ends their join links. The organization is locked, so that none is made
/// until the commit. `event` makes an event of the actor who caused it, in this organization.
pub fn cancel_of_inviter(
    work: &mut Work<'_>,
    org_id: &str,
    user_id: &str,
    loss: InviterLoss<'_>,
    event: impl Fn(Action) -> Event,
) -> Result<(), StoreError> {
    let kept = loss.kept();
    for id in invitations::cancel_of_inviter(work.conn, org_id, user_id, &kept, work.now)? {
        work.record(event(Action::InvitationCanceled).target(&id).detail("reason", loss.reason()));
    }
    for id in join_links::end_of_creator(work.conn, org_id, user_id, &kept, work.now)? {
        work.record(event(Action::JoinLinkEnded).target(&id).detail("reason", loss.reason()));
    }
    Ok(())
}
