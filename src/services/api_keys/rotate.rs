//! Rotating an API key.

use chrono::TimeDelta;

use super::create::{Draft, record, require_may_grant};
use super::{CreatedCredential, managed, owner_role, require_active, require_enabled};
use crate::config::Config;
use crate::domain::audit::{Action, Fact};
use crate::domain::credential::EndReason;
use crate::domain::granted_scopes::GrantedScopes;
use crate::domain::key_policy::{KeyPolicy, Lifetime};
use crate::domain::management::KEYS_MANAGE;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::static_credentials::{self, StaticCredential};
use crate::store::{TxError, Work, credentials};

/// How long the old key stays valid, so that its users can switch to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    None,
    Hour,
    Day,
}

impl Overlap {
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        match seconds {
            0 => Some(Self::None),
            3_600 => Some(Self::Hour),
            86_400 => Some(Self::Day),
            _ => None,
        }
    }

    fn length(self) -> TimeDelta {
        match self {
            Self::None => TimeDelta::zero(),
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::days(1),
        }
    }
}

/// The new key, and when the old one ends.
#[derive(Debug)]
pub struct Rotated {
    pub created: CreatedCredential,
    pub old_id: String,
    /// When the old key stops working: at the end of the overlap, and never later than its own expiry.
    pub old_ends_at: Time,
}

/// Creates a key with the same properties and lifetime, and ends the old one after the overlap.
pub fn rotate(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
    overlap: Overlap,
) -> Result<Rotated, TxError<ServiceRefusal>> {
    let actor = actor.recheck_with(work, config, KEYS_MANAGE)?;
    require_enabled(config, &actor)?;
    let old = managed(work, &actor, id)?;
    require_active(&old, work.now)?;
    let policy = actor.organization.key_policy(&config.organizations);
    require_rotatable(&old, policy)?;
    let Some(role) = owner_role(work.conn, &old)? else {
        let message = "The owner of the key has left or is disabled. Create a key with another owner.";
        return Err(ServiceRefusal::Ended(message.to_owned()).into());
    };
    require_may_hold(config, &actor, &old, &role)?;
    require_may_grant(&config.catalog, &actor, &old.granted, &role)?;
    let draft = Draft {
        kind: old.kind,
        owner: old.owner.clone(),
        name: old.name.clone(),
        granted: old.granted.clone(),
        ends_at: next_end(&old, policy.lifetime, work.now),
        allowed_addresses: old.allowed_addresses.clone(),
    };
    // A key may rotate itself; the secret of any other key is additional power for the actor.
    if !actor.acts_with(&old.id) {
        actor.bounds.check(draft.kind, draft.ends_at, draft.allowed_addresses.as_ref())?;
    }
    let created = draft.make(work, config, &actor)?;
    record(work, &actor, Action::ApiKeyCreated, &created.named.credential);
    let new_id = &created.named.credential.id;
    let overlap_ends = work.now + overlap.length();
    let old_ends_at = old.ends_at.map_or(overlap_ends, |end| end.min(overlap_ends));
    match overlap {
        Overlap::None => {
            static_credentials::set_replaced(work.conn, &old.id, new_id, old.ends_at)?;
            credentials::revoke(work.conn, &old.id, work.now, EndReason::Replaced)?;
        }
        Overlap::Hour | Overlap::Day => {
            static_credentials::set_replaced(work.conn, &old.id, new_id, Some(old_ends_at))?;
        }
    }
    let event = actor
        .event(Action::ApiKeyRotated)
        .target(&old.id)
        .detail("replaced_by", Fact::id(new_id))
        .detail("old_ends_at", old_ends_at)
        .detail("new_ends_at", created.named.credential.ends_at);
    work.record(event);
    Ok(Rotated { created, old_id: old.id, old_ends_at })
}

/// Returns a refusal if the new secret would let the actor act as another user, or beyond their own role.
fn require_may_hold(
    config: &Config,
    actor: &OrgActor,
    old: &StaticCredential,
    role: &str,
) -> Result<(), ServiceRefusal> {
    match &old.owner {
        owner if *owner == actor.subject => Ok(()),
        SubjectId::ServiceAccount(_) => actor.require_not_outranked(&config.catalog, role),
        SubjectId::User(_) => Err(ServiceRefusal::forbidden(
            "Only its owner can rotate this API key, because the new key would act as that user. Revoke it, or create a key for a service account.",
        )),
    }
}

fn require_rotatable(old: &StaticCredential, policy: KeyPolicy) -> Result<(), ServiceRefusal> {
    if let Some(next) = &old.replaced_by {
        return Err(ServiceRefusal::Ended(format!("The API key was already rotated; {next} replaced it.")));
    }
    match &old.granted {
        GrantedScopes::Unrestricted if !policy.unrestricted => Err(ServiceRefusal::Ended(
            "The organization no longer allows unrestricted keys. Give this key scopes first.".to_owned(),
        )),
        GrantedScopes::Unrestricted | GrantedScopes::Scopes(_) => Ok(()),
    }
}

/// The end of the new key: the original lifetime of the old one, capped by the organization's current limit.
fn next_end(old: &StaticCredential, lifetime: Lifetime, now: Time) -> Option<Time> {
    let same = old.ends_at.map(|end| now + (end - old.created_at));
    match lifetime {
        Lifetime::Unlimited => same,
        Lifetime::AtMost(longest) => Some(same.map_or(now + longest, |end| end.min(now + longest))),
    }
}
