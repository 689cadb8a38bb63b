//! Putting a new key in the place of an old one.

use chrono::TimeDelta;

use super::create::{Draft, may_hand_on, record};
use super::{Created, living, managed, manager, owner_role, switched_on};
use crate::config::Config;
use crate::domain::audit::Action;
use crate::domain::credential::EndReason;
use crate::domain::granted::Granted;
use crate::domain::key_policy::{KeyPolicy, Lifetime};
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::services::acting::Acting;
use crate::services::refusal::Refusal;
use crate::store::static_credentials::{self, StaticCredential};
use crate::store::{TxError, Work, credentials};

/// How long the old key works on, so that whatever uses it has time to change over.
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

/// The new key, and what became of the old one.
#[derive(Debug)]
pub struct Rotated {
    pub created: Created,
    pub old_id: String,
    /// When the old key stops working: now, or at the end of the overlap, and never later than it would have anyway.
    pub old_ends_at: Time,
}

/// Makes a key like the old one, with the same time to live, and ends the old one.
pub fn rotate(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    id: &str,
    overlap: Overlap,
) -> Result<Rotated, TxError<Refusal>> {
    let acting = manager(work, config, acting)?;
    switched_on(config, &acting)?;
    let old = managed(work, &acting, id)?;
    living(&old, work.now)?;
    let policy = acting.organization.key_policy(&config.organizations);
    replaceable(&old, policy)?;
    let Some(role) = owner_role(work.conn, &old)? else {
        let message = "The owner of the key has left or is disabled. Create a key for somebody else.";
        return Err(Refusal::Ended(message.to_owned()).into());
    };
    may_hold(config, &acting, &old, &role)?;
    may_hand_on(&config.catalog, &acting, &old.granted, &role)?;
    let draft = Draft {
        kind: old.kind,
        owner: old.owner.clone(),
        name: old.name.clone(),
        granted: old.granted.clone(),
        ends_at: next_end(&old, policy.lifetime, work.now),
        allowed_addresses: old.allowed_addresses.clone(),
    };
    // A key may renew itself; any other is one that whoever asks gets besides their own.
    if !acting.uses(&old.id) {
        acting.bounds.allow(draft.kind, draft.ends_at, draft.allowed_addresses.as_ref())?;
    }
    let created = draft.make(work, config, &acting)?;
    record(work, &acting, Action::ApiKeyCreated, &created.named.credential);
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
    let event = acting
        .event(Action::ApiKeyRotated)
        .target(&old.id)
        .detail("replaced_by", new_id.clone())
        .detail("old_ends_at", old_ends_at.iso())
        .detail("new_ends_at", created.named.credential.ends_at.map(Time::iso));
    work.record(event);
    Ok(Rotated { created, old_id: old.id, old_ends_at })
}

/// Refuses to hand a secret to somebody who would act with it as another person, or above their own role.
fn may_hold(config: &Config, acting: &Acting, old: &StaticCredential, role: &str) -> Result<(), Refusal> {
    match &old.owner {
        owner if *owner == acting.subject => Ok(()),
        SubjectId::ServiceAccount(_) => acting.reaches(&config.catalog, role),
        SubjectId::User(_) => Err(Refusal::forbidden(
            "Only its owner rotates this API key: it acts as that person. Revoke it, or make one for a service account.",
        )),
    }
}

fn replaceable(old: &StaticCredential, policy: KeyPolicy) -> Result<(), Refusal> {
    if let Some(next) = &old.replaced_by {
        return Err(Refusal::Ended(format!("The API key was rotated already; {next} took its place.")));
    }
    match &old.granted {
        Granted::Unrestricted if !policy.unrestricted => Err(Refusal::Ended(
            "The organization does not allow unrestricted keys any more. Give this one scopes first."
                .to_owned(),
        )),
        Granted::Unrestricted | Granted::Scopes(_) => Ok(()),
    }
}

/// As far away as the end of the old key was when it was made, within what the organization allows today.
fn next_end(old: &StaticCredential, lifetime: Lifetime, now: Time) -> Option<Time> {
    let same = old.ends_at.map(|end| now + (end - old.created_at));
    match lifetime {
        Lifetime::Unlimited => same,
        Lifetime::AtMost(longest) => Some(same.map_or(now + longest, |end| end.min(now + longest))),
    }
}
