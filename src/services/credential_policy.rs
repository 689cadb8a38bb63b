//! Settings > API access: the organization's switch for API keys, and its limits on keys and personal tokens.

use chrono::TimeDelta;

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::credential::CredentialKind;
use crate::domain::key_policy::{Lifetime, TokenCreators};
use crate::domain::time::Time;
use crate::store::organizations::{self, Organization};
use crate::store::{Conn, StoreError, Work, static_credentials};

/// Limits that an organization has set. They override the configuration's defaults, even if those change later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialLimits {
    pub unrestricted_keys: bool,
    pub key_lifetime: Lifetime,
    pub token_creators: TokenCreators,
    pub token_lifetime: Lifetime,
}

impl CredentialLimits {
    /// The limits in effect.
    pub fn of(organization: &Organization, config: &Config) -> Self {
        let keys = organization.key_policy(&config.organizations);
        let tokens = organization.token_policy(&config.organizations);
        Self {
            unrestricted_keys: keys.unrestricted,
            key_lifetime: keys.lifetime,
            token_creators: tokens.creators,
            token_lifetime: tokens.lifetime,
        }
    }
}

/// Turns the switch for API keys. Off only suspends: after turning it on again the same keys work. `false` if
/// nothing changed.
pub fn set_api_keys(
    work: &mut Work<'_>,
    org_id: &str,
    on: bool,
    actor: &Actor,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let Some(current) = organizations::lock(work.conn, org_id)? else { return Ok(false) };
    if current.api_keys == on {
        return Ok(false);
    }
    organizations::set_api_keys(work.conn, org_id, on)?;
    let action = if on { Action::ApiKeysOn } else { Action::ApiKeysOff };
    work.record(Event::new(action, actor.clone(), origin).org(org_id).target(org_id));
    Ok(true)
}

/// Number of active API keys, which the switch affects.
pub fn count_active_keys(conn: &mut Conn, org_id: &str, now: Time) -> Result<i64, StoreError> {
    static_credentials::count_active(conn, org_id, CredentialKind::ApiKey, None, now)
}

/// Sets the limits. Lifetimes apply to new credentials; the rules for unrestricted keys and personal tokens
/// apply at once to existing ones. `false` if nothing changed.
pub fn set_limits(
    work: &mut Work<'_>,
    config: &Config,
    org_id: &str,
    limits: CredentialLimits,
    actor: &Actor,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let Some(current) = organizations::lock(work.conn, org_id)? else { return Ok(false) };
    organizations::set_credential_limits(
        work.conn,
        org_id,
        limits.unrestricted_keys,
        seconds(limits.key_lifetime),
        limits.token_creators,
        seconds(limits.token_lifetime),
    )?;
    if CredentialLimits::of(&current, config) == limits {
        return Ok(false);
    }
    let event = Event::new(Action::CredentialLimitsChanged, actor.clone(), origin).org(org_id).target(org_id);
    let event = event
        .detail("unrestricted_keys", limits.unrestricted_keys)
        .detail("key_max_seconds", seconds(limits.key_lifetime))
        .detail("personal_token_creators", limits.token_creators.as_str())
        .detail("personal_token_max_seconds", seconds(limits.token_lifetime));
    work.record(event);
    Ok(true)
}

/// Stored form: zero for no limit.
fn seconds(lifetime: Lifetime) -> i64 {
    match lifetime {
        Lifetime::Unlimited => 0,
        Lifetime::AtMost(longest) => longest.max(TimeDelta::seconds(1)).num_seconds(),
    }
}
