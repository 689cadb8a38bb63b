//! Ending a key, and changing what it may do.

use super::create::may_hand_on;
use super::{living, managed, manager, owner_role};
use crate::config::Config;
use crate::domain::audit::Action;
use crate::domain::credential::EndReason;
use crate::domain::granted::Granted;
use crate::services::acting::Acting;
use crate::services::named::{self, Named};
use crate::services::refusal::{Refusal, allowed};
use crate::services::wishes;
use crate::store::static_credentials::{self, StaticCredential};
use crate::store::{StoreError, Work, credentials};

/// Ends a key for good, at once. Ending it twice is fine.
pub fn revoke(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    id: &str,
) -> Result<Result<Named, Refusal>, StoreError> {
    let acting = allowed!(manager(work, config, acting)?);
    let key = allowed!(managed(work, &acting, id)?);
    if credentials::revoke(work.conn, &key.id, work.now, EndReason::Revoked)? {
        let event = acting.event(Action::ApiKeyRevoked).target(&key.id).detail("name", key.name.clone());
        work.record(event);
    }
    again(work, &key)
}

/// Gives a key other scopes. What it could do already it may keep; what is new, whoever asks must hold.
pub fn set_scopes(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    id: &str,
    scopes: &[String],
) -> Result<Result<Named, Refusal>, StoreError> {
    let acting = allowed!(manager(work, config, acting)?);
    let key = allowed!(managed(work, &acting, id)?);
    allowed!(living(&key, work.now));
    let scopes = allowed!(wishes::scopes(&config.catalog, scopes));
    if let Some(role) = owner_role(work.conn, &key)? {
        let policy = acting.organization.key_policy(&config.organizations);
        let added = scopes.difference(&policy.leaves(&key.granted, &config.catalog, &role));
        if !added.is_empty() && !acting.uses(&key.id) {
            allowed!(acting.bounds.allow(key.kind, key.ends_at, key.allowed_addresses.as_ref()));
        }
        allowed!(may_hand_on(&config.catalog, &acting, &Granted::Scopes(added), &role));
    } else if !scopes.is_subset(&key.granted.named()) {
        let message = "The owner of the key has left or is disabled, so that it can only lose scopes.";
        return Ok(Err(Refusal::invalid("scopes", message)));
    }
    let granted = Granted::Scopes(scopes);
    if granted != key.granted {
        static_credentials::set_granted(work.conn, &key.id, &granted)?;
        let event = acting
            .event(Action::ApiKeyScopesChanged)
            .target(&key.id)
            .detail("before", key.granted.named().to_string())
            .detail("before_unrestricted", key.granted.is_unrestricted())
            .detail("after", granted.named().to_string());
        work.record(event);
    }
    again(work, &key)
}

/// The key as it is now.
fn again(work: &mut Work<'_>, key: &StaticCredential) -> Result<Result<Named, Refusal>, StoreError> {
    let kind = key.kind.credential_kind();
    match static_credentials::find(work.conn, &key.org_id, kind, &key.id)? {
        Some(key) => named::one(work.conn, key).map(Ok),
        None => Err(StoreError::Failed(format!("{} has gone", key.id))),
    }
}
