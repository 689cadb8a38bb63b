//! The end of a membership: removal by others, and leaving. Everything that the person can use in the organization ends
//! with it, and nothing of it comes back if they do.

use super::keys::{KeyFate, move_keys};
use super::{NO_SUCH_MEMBER, rules};
use crate::config::Config;
use crate::domain::audit::{Action, Event, Fact};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::id::IdKind;
use crate::domain::role::OWNER;
use crate::services::inviter_loss::{InviterLoss, cancel_of_inviter};
use crate::services::org_actor::{AuthMethod, OrgActor};
use crate::services::refusal::ServiceRefusal;
use crate::store::members::{self, EndedMembership, Member};
use crate::store::{StoreError, TxError, Work, authorization_codes, device_requests, member_credentials};

/// How a membership ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services) enum Ending {
    Left,
    Removed,
    /// The person was erased.
    Erased,
}

impl Ending {
    fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Removed => "removed",
            Self::Erased => "erased",
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Left => Action::MemberLeft,
            Self::Removed | Self::Erased => Action::MemberRemoved,
        }
    }
}

/// Numbers of credentials that ended with a membership, or moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndedCredentials {
    /// CLI sessions.
    pub sessions: usize,
    pub personal_tokens: usize,
    pub keys: usize,
    pub moved_keys: usize,
}

/// Removes a member. `keys` says what becomes of the API keys that they own.
pub fn remove(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    user_id: &str,
    keys: &KeyFate,
) -> Result<EndedCredentials, TxError<ServiceRefusal>> {
    let actor = rules::recheck(work, config, actor)?;
    let member = members::find(work.conn, &actor.organization.id, user_id)?.ok_or(NO_SUCH_MEMBER)?;
    rules::require_may_change(&actor, &member)?;
    if actor.subject.user() == Some(user_id) {
        return Err(
            ServiceRefusal::forbidden("You cannot remove yourself. Leave the organization instead.").into()
        );
    }
    rules::require_owner_left(work.conn, &actor, &member)?;
    let moved_keys = match keys {
        KeyFate::End => 0,
        KeyFate::Move { service_account } => move_keys(work, config, &actor, &member, service_account)?,
    };
    let ended = end(
        work,
        &EndedBy::actor(&actor, &|action| actor.event(action)),
        &member,
        Ending::Removed,
        moved_keys,
    )?;
    Ok(ended)
}

/// Ends the membership of the actor: a person in a browser, or with a CLI session unless they are an owner. Their keys end
/// too: they may know the secrets.
pub fn leave(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
) -> Result<EndedCredentials, TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    let may_leave = match &actor.auth_method {
        AuthMethod::Browser => true,
        AuthMethod::Credential { kind, .. } => *kind == CredentialKind::CliSession && actor.role != OWNER,
    };
    let Some(person) = actor.person().filter(|_| may_leave) else {
        return Err(rules::needs_person("Sign in to a browser to leave the organization.").into());
    };
    let member = members::find(work.conn, &actor.organization.id, person)?.ok_or(NO_SUCH_MEMBER)?;
    rules::require_owner_left(work.conn, &actor, &member)?;
    Ok(end(work, &EndedBy::actor(&actor, &|action| actor.event(action)), &member, Ending::Left, 0)?)
}

/// In which organization a membership ends, and by whom.
pub(in crate::services) struct EndedBy<'a> {
    pub org_id: &'a str,
    pub user_id: Option<&'a str>,
    /// An event of the actor in this organization.
    pub event: &'a dyn Fn(Action) -> Event,
}

impl<'a> EndedBy<'a> {
    fn actor(actor: &'a OrgActor, event: &'a dyn Fn(Action) -> Event) -> Self {
        Self { org_id: &actor.organization.id, user_id: actor.subject.user(), event }
    }
}

/// Ends a membership and everything that the person could use with it. The organization must be locked, so that no new
/// credential is created until the commit.
pub(in crate::services) fn end(
    work: &mut Work<'_>,
    by: &EndedBy<'_>,
    member: &Member,
    ending: Ending,
    moved_keys: usize,
) -> Result<EndedCredentials, StoreError> {
    let (org_id, user_id, now) = (by.org_id, &member.user_id, work.now);
    authorization_codes::expire_of_member(work.conn, org_id, user_id, now)?;
    device_requests::expire_of_member(work.conn, org_id, user_id, now)?;
    let reason = EndReason::MembershipEnded;
    let revoked = member_credentials::revoke(work.conn, org_id, user_id, now, reason)?;
    let mut ended = EndedCredentials { moved_keys, ..EndedCredentials::default() };
    for (id, kind, name) in revoked {
        let event = |action| (by.event)(action).detail("reason", reason.as_str());
        work.record(match kind {
            CredentialKind::CliSession => {
                ended.sessions += 1;
                event(Action::SessionRevoked).credential(&id).target(user_id)
            }
            CredentialKind::PersonalToken => {
                ended.personal_tokens += 1;
                event(Action::PersonalTokenRevoked).target(&id).text_of(Some(user_id), "name", Some(&name))
            }
            CredentialKind::ApiKey => {
                ended.keys += 1;
                event(Action::ApiKeyRevoked).target(&id).text_of(Some(user_id), "name", Some(&name))
            }
        });
    }
    cancel_of_inviter(work, org_id, user_id, InviterLoss::MembershipEnded, by.event)?;
    let id = IdKind::EndedMembership.new_id(work.entropy);
    let membership = EndedMembership {
        id: &id,
        org_id,
        user_id,
        role: &member.role,
        created_at: member.joined_at,
        ended_at: now,
        ended_by: by.user_id,
        reason: ending.as_str(),
    };
    members::end(work.conn, &membership)?;
    let event = (by.event)(ending.action()).target(user_id).detail("role", Fact::role(&member.role));
    work.record(
        event
            .detail("sessions", ended.sessions)
            .detail("personal_tokens", ended.personal_tokens)
            .detail("keys", ended.keys)
            .detail("moved_keys", ended.moved_keys),
    );
    Ok(ended)
}
