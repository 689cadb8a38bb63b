//! Revoking a key, and changing its scopes.

use super::create::require_may_grant;
use super::{find, managed, owner_role, require_active};
use crate::config::Config;
use crate::domain::audit::{Action, Fact};
use crate::domain::credential::EndReason;
use crate::domain::granted_scopes::GrantedScopes;
use crate::domain::management::KEYS_MANAGE;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Time;
use crate::services::credential_names::{self, NamedCredential};
use crate::services::field_validation;
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::static_credentials::{self, StaticCredential};
use crate::store::{Conn, StoreError, TxError, Work, credentials};

/// A key whose scopes may be changed.
#[derive(Debug)]
pub struct EditableKey {
    pub named: NamedCredential,
    /// The owner's role, which bounds the key; `None` if the owner is gone or disabled.
    pub role: Option<String>,
    /// The scopes that the actor may keep on the key or add to it.
    pub grantable: ScopeSet,
}

/// Revokes a key. Idempotent.
pub fn revoke(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
) -> Result<NamedCredential, TxError<ServiceRefusal>> {
    let actor = actor.recheck_with(work, config, KEYS_MANAGE)?;
    let key = managed(work, &actor, id)?;
    if credentials::revoke(work.conn, &key.id, work.now, EndReason::Revoked)? {
        let event = actor.event(Action::ApiKeyRevoked).target(&key.id);
        work.record(event.text_of(key.owner.user(), "name", Some(&key.name)));
    }
    reload(work, &key)
}

/// Finds a key for changing its scopes.
pub fn editable(
    conn: &mut Conn,
    config: &Config,
    actor: &OrgActor,
    id: &str,
    now: Time,
) -> Result<EditableKey, TxError<ServiceRefusal>> {
    actor.require(KEYS_MANAGE)?;
    let named = find(conn, actor, id)?;
    require_active(&named.credential, now)?;
    let role = owner_role(conn, &named.credential)?;
    let kept = keepable_scopes(config, actor, &named.credential, role.as_deref());
    let held = role.as_deref().map(|role| config.catalog.held_by(role)).unwrap_or_default();
    let open = kept.union(&held.intersection(&actor.scopes));
    Ok(EditableKey { named, role, grantable: open })
}

/// Replaces the scopes of a key. Existing scopes may stay; the actor must have the new ones. `seen` has the
/// scopes that the actor saw, if known, so that a concurrent change is not undone unnoticed.
pub fn set_scopes(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
    scopes: &[String],
    seen: Option<&ScopeSet>,
) -> Result<NamedCredential, TxError<ServiceRefusal>> {
    let actor = actor.recheck_with(work, config, KEYS_MANAGE)?;
    let key = managed(work, &actor, id)?;
    require_active(&key, work.now)?;
    let scopes = field_validation::scopes(&config.catalog, scopes)?;
    let named = key.granted.named();
    if seen.is_some_and(|seen| *seen != named) && scopes != named {
        let message = format!(
            "The permissions of the key were changed by somebody else: it now has {named}. Check your selection and save it again."
        );
        return Err(ServiceRefusal::invalid("scopes", message).into());
    }
    let role = owner_role(work.conn, &key)?;
    let added = scopes.difference(&keepable_scopes(config, &actor, &key, role.as_deref()));
    if let Some(role) = role {
        if !added.is_empty() && !actor.acts_with(&key.id) {
            actor.bounds.check(key.kind, key.ends_at, key.allowed_addresses.as_ref())?;
        }
        require_may_grant(&config.catalog, &actor, &GrantedScopes::Scopes(added), &role)?;
    } else if !added.is_empty() {
        let message = "The owner of the key has left or is disabled, so scopes can only be removed from it.";
        return Err(ServiceRefusal::invalid("scopes", message).into());
    }
    let granted = GrantedScopes::Scopes(scopes);
    if granted != key.granted {
        static_credentials::set_granted(work.conn, &key.id, &granted)?;
        let event = actor
            .event(Action::ApiKeyScopesChanged)
            .target(&key.id)
            .detail("before", Fact::scopes(&key.granted.named().to_string()))
            .detail("before_unrestricted", key.granted.is_unrestricted())
            .detail("after", Fact::scopes(&granted.named().to_string()));
        work.record(event);
    }
    reload(work, &key)
}

/// The scopes that a key may keep: its effective scopes, or all it has if its owner is gone, because it can
/// do nothing then.
fn keepable_scopes(
    config: &Config,
    actor: &OrgActor,
    key: &StaticCredential,
    role: Option<&str>,
) -> ScopeSet {
    let policy = actor.organization.key_policy(&config.organizations);
    match role {
        Some(role) => policy.effective_scopes(&key.granted, &config.catalog, role),
        None => key.granted.named(),
    }
}

/// Reloads the key after the change.
fn reload(work: &mut Work<'_>, key: &StaticCredential) -> Result<NamedCredential, TxError<ServiceRefusal>> {
    let kind = key.kind.credential_kind();
    let found = static_credentials::find(work.conn, &key.org_id, kind, &key.id)?;
    let key = found.ok_or_else(|| StoreError::Failed(format!("{} has gone", key.id)))?;
    Ok(credential_names::with_name(work.conn, key)?)
}
