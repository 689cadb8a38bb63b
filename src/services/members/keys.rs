//! The API keys of a member who is removed: they end, or a service account takes them over.

use crate::config::Config;
use crate::domain::audit::{Action, Fact};
use crate::domain::scope::ScopeSet;
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::members::Member;
use crate::store::service_accounts::{self, ServiceAccount};
use crate::store::static_credentials::StaticCredential;
use crate::store::{TxError, Work, member_credentials};

/// Number of keys that are read at a time.
const KEYS: i64 = 500;

/// What becomes of the keys of a removed member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFate {
    End,
    /// They keep their secrets and work for this service account, by id.
    Move {
        service_account: String,
    },
}

/// Moves the working keys of a member to a service account, and returns how many. A key keeps the scopes that it has now
/// and the role of the service account holds, as an explicit list, so it never gains any. A key that would keep none stays
/// and ends with the membership.
pub(super) fn move_keys(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    member: &Member,
    service_account: &str,
) -> Result<usize, TxError<ServiceRefusal>> {
    let account = receiver(work, config, actor, service_account)?;
    let movable = movable(work, config, actor, member, &account)?;
    for (key, kept) in &movable {
        member_credentials::move_key(work.conn, &key.id, &account.id, kept)?;
        let event = actor.event(Action::ApiKeyMoved).target(&key.id);
        let event = event.text_of(Some(&member.user_id), "name", Some(&key.name));
        work.record(
            event
                .detail("from", Fact::id(&member.user_id))
                .detail("service_account", Fact::id(&account.id))
                .detail("before", Fact::scopes(&key.granted.named().to_string()))
                .detail("before_unrestricted", key.granted.is_unrestricted())
                .detail("after", Fact::scopes(&kept.to_string())),
        );
    }
    Ok(movable.len())
}

/// Locks the keys that can move and returns them with the scopes that they keep. Refuses before any of them has moved, since
/// what was written before a refusal is kept.
fn movable(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    member: &Member,
    account: &ServiceAccount,
) -> Result<Vec<(StaticCredential, ScopeSet)>, TxError<ServiceRefusal>> {
    let policy = actor.organization.key_policy(&config.organizations);
    let held = config.catalog.held_by(&account.role);
    let (mut place, mut movable) = (None, Vec::new());
    loop {
        let (org_id, user_id) = (&account.org_id, &member.user_id);
        let keys = member_credentials::lock_keys(work.conn, org_id, user_id, work.now, place.as_ref(), KEYS)?;
        let Some(last) = keys.last() else { break };
        place = Some((last.created_at, last.id.clone()));
        for key in keys {
            let kept =
                policy.effective_scopes(&key.granted, &config.catalog, &member.role).intersection(&held);
            if !kept.is_empty() {
                actor.require_may_grant(&kept)?;
                actor.bounds.check(key.kind, key.ends_at, key.allowed_addresses.as_ref())?;
                movable.push((key, kept));
            }
        }
    }
    Ok(movable)
}

/// Locks the service account that takes the keys over: active, and with no role above the actor's.
fn receiver(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
) -> Result<ServiceAccount, TxError<ServiceRefusal>> {
    let found = service_accounts::lock(work.conn, &actor.organization.id, id)?;
    let account = found.filter(|account| account.disabled_at.is_none()).ok_or_else(|| {
        ServiceRefusal::invalid("serviceAccount", "The service account does not exist or is disabled.")
    })?;
    actor.require_not_outranked(&config.catalog, &account.role)?;
    Ok(account)
}
