//! Keys and tokens as their lists show them.

use chrono::TimeDelta;

use super::visit::Visit;
use crate::domain::allowed_addresses::AllowedAddresses;
use crate::domain::granted::Granted as Given;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::pages::credentials::{CardPermission, CredentialCard, End, Granted, LastUse, Owner, State};
use crate::pages::text::{self, Moment};
use crate::services::named::Named;
use crate::store::static_credentials::StaticCredential;

/// One that ends within this time says so.
const SOON: TimeDelta = TimeDelta::days(7);
/// "Used lately" is within this time.
const LATELY: TimeDelta = TimeDelta::days(1);

/// How a list treats those in it.
pub(super) struct Listed<'a> {
    /// Who looks at it.
    pub user_id: &'a str,
    /// Whether the organization allows them, and those without scopes of their own.
    pub on: bool,
    pub unrestricted: bool,
    /// Whether the list says whose each is.
    pub owners: bool,
    /// Where the permissions of one can be changed, and where it can be rotated and revoked, by its id.
    pub permissions: Option<&'a dyn Fn(&str) -> String>,
    pub rotate: Option<&'a dyn Fn(&str) -> String>,
    pub revoke: Option<&'a dyn Fn(&str) -> String>,
}

/// `acme_live_…Wq3f`
pub(super) fn shown(credential: &StaticCredential) -> String {
    format!("{}…{}", credential.display_prefix, credential.last_four)
}

/// "4 minutes ago"
pub(super) fn last_used(visit: &Visit, named: &Named) -> Option<String> {
    named.credential.last_used_at.map(|at| text::ago(at.utc(), visit.app.now().utc()))
}

pub(super) fn card(visit: &Visit, listed: &Listed<'_>, named: &Named) -> CredentialCard {
    let (credential, now) = (&named.credential, visit.app.now());
    let living = credential.revoked_at.is_none() && !credential.has_ended(now);
    let on = listed.on && (listed.unrestricted || !credential.granted.is_unrestricted());
    let link = |to: Option<&dyn Fn(&str) -> String>| to.map(|to| to(&credential.id)).filter(|_| living);
    CredentialCard {
        name: text::name(&credential.name),
        shown: shown(credential),
        mode: credential.kind.mode(),
        state: state(credential, on, now),
        granted: granted(visit, &credential.granted),
        owner: listed.owners.then(|| owner(listed.user_id, named)),
        last_used: credential
            .last_used_at
            .map(|at| LastUse { at: Moment::minute(at.utc()), address: credential.last_used_ip.clone() }),
        end: end(credential, now),
        made_at: Moment::minute(credential.created_at.utc()),
        made_by: text::name(&named.creator_name),
        addresses: credential.allowed_addresses.iter().flat_map(AllowedAddresses::iter).collect(),
        permissions: link(listed.permissions),
        rotate: link(listed.rotate).filter(|_| {
            on && credential.replaced_by.is_none() && may_rotate(listed.user_id, &credential.owner)
        }),
        revoke: link(listed.revoke),
    }
}

/// The new secret of a key that acts as a person is for that person alone.
pub(super) fn may_rotate(user_id: &str, owner: &SubjectId) -> bool {
    match owner {
        SubjectId::User(id) => id == user_id,
        SubjectId::ServiceAccount(_) => true,
    }
}

fn state(credential: &StaticCredential, on: bool, now: Time) -> State {
    let ended = credential.revoked_at.is_some() || credential.has_ended(now);
    if ended && credential.replaced_by.is_some() {
        return State::Replaced;
    }
    if credential.revoked_at.is_some() {
        return State::Revoked;
    }
    if credential.has_ended(now) {
        return State::Expired;
    }
    if !on {
        return State::Suspended;
    }
    if let Some(end) = credential.ends_at.filter(|end| *end - now < SOON) {
        return State::EndsSoon(format!("Ends in {}", text::about(end - now)));
    }
    match credential.last_used_at {
        None => State::Never,
        Some(at) if now - at < LATELY => State::Lately(format!("Used {}", text::ago(at.utc(), now.utc()))),
        Some(at) => State::Before(format!("Used {}", text::ago(at.utc(), now.utc()))),
    }
}

fn granted(visit: &Visit, given: &Given) -> Granted {
    match given {
        Given::Unrestricted => Granted::Unrestricted,
        Given::Scopes(scopes) => {
            let entries = visit.app.config.catalog.entries(scopes);
            Granted::Permissions(
                entries
                    .map(|scope| CardPermission {
                        id: scope.id.clone(),
                        words: scope.label.clone(),
                        level: scope.level,
                    })
                    .collect(),
            )
        }
    }
}

fn owner(user_id: &str, named: &Named) -> Owner {
    match &named.credential.owner {
        SubjectId::User(id) if id == user_id => Owner::You,
        SubjectId::User(_) => Owner::Person(text::name(&named.owner_name)),
        SubjectId::ServiceAccount(_) => Owner::ServiceAccount(text::name(&named.owner_name)),
    }
}

fn end(credential: &StaticCredential, now: Time) -> End {
    match (credential.revoked_at, credential.ends_at) {
        (Some(at), _) => End::Past(Moment::minute(at.utc())),
        (None, Some(at)) if at <= now => End::Past(Moment::minute(at.utc())),
        (None, Some(at)) => End::Ahead(Moment::minute(at.utc())),
        (None, None) => End::Never,
    }
}
