//! An API key or a personal token.

use std::net::IpAddr;

use super::super::auth_error::AuthError;
use super::{CheckResult, CredentialInfo, Principal, Subject};
use crate::config::Config;
use crate::domain::credential::CredentialKind;
use crate::domain::scope::ScopeSet;
use crate::domain::static_secret::StaticKind;
use crate::domain::time::Time;
use crate::domain::usage::CredentialRef;
use crate::keys::jwt::AccessClaims;
use crate::store::batched::credential_holders::{self, HeldCredential, Holder};
use crate::store::memberships::ActiveMember;
use crate::store::organizations::Organization;
use crate::store::static_credentials::{self, StaticCredential};
use crate::store::{Conn, StoreError, TxError};

pub(super) fn check(
    config: &Config,
    held: HeldCredential,
    address: Option<IpAddr>,
    now: Time,
) -> CheckResult {
    let credential = Some(credential(&held.credential));
    CheckResult { credential, verdict: evaluate(config, held, address, now) }
}

/// Checks an access token that was issued in exchange for a key or personal token, and ends with it.
pub(super) fn exchanged(
    conn: &mut Conn,
    config: &Config,
    claims: &AccessClaims,
    token_scopes: &ScopeSet,
    address: Option<IpAddr>,
    now: Time,
) -> Result<CheckResult, StoreError> {
    let Some(held) = credential_holders::by_id(conn, &claims.sid)? else {
        return Ok(CheckResult { credential: None, verdict: Err(AuthError::Revoked) });
    };
    let found = &held.credential;
    let is_theirs = [found.owner.as_str(), &found.id].contains(&claims.sub.as_str());
    if !is_theirs || found.org_id != claims.org {
        return Ok(CheckResult { credential: Some(credential(found)), verdict: Err(AuthError::Revoked) });
    }
    let CheckResult { credential, verdict } = check(config, held, address, now);
    let narrowed =
        |principal: Principal| Principal { scopes: principal.scopes.intersection(token_scopes), ..principal };
    Ok(CheckResult { credential, verdict: verdict.map(narrowed) })
}

/// The key or token, for the log.
fn credential(found: &StaticCredential) -> CredentialRef {
    CredentialRef { id: found.id.clone(), org_id: found.org_id.clone(), owner: found.owner.clone() }
}

fn evaluate(
    config: &Config,
    held: HeldCredential,
    address: Option<IpAddr>,
    now: Time,
) -> Result<Principal, AuthError> {
    let HeldCredential { credential, holder } = held;
    active(&credential, now)?;
    // Keys of a member end with the membership; those of service accounts do not depend on any member.
    let (organization, subject, role) = match holder.ok_or(AuthError::Revoked)? {
        Holder::Person(ActiveMember { organization, user, role }) => {
            (organization, Subject::User(user), role)
        }
        Holder::Program(organization, account) => {
            let role = account.role.clone();
            (organization, Subject::ServiceAccount(account), role)
        }
    };
    allowed(config, &organization, &role, credential.kind)?;
    let from_here = match &credential.allowed_addresses {
        None => true,
        Some(list) => address.is_some_and(|address| list.contains(address)),
    };
    if !from_here {
        return Err(AuthError::AddressNotAllowed);
    }
    let policy = organization.key_policy(&config.organizations);
    let scopes = policy.effective_scopes(&credential.granted, &config.catalog, &role);
    Ok(Principal { credential: presented(credential), subject, organization, role, client: None, scopes })
}

/// Rechecks the credential inside the transaction of the change.
pub(super) fn recheck(
    conn: &mut Conn,
    config: &Config,
    organization: &Organization,
    role: &str,
    (kind, id): (CredentialKind, &str),
    now: Time,
) -> Result<StaticCredential, TxError<AuthError>> {
    let found = static_credentials::find(conn, &organization.id, kind, id)?;
    let credential = found.ok_or(AuthError::Revoked)?;
    active(&credential, now)?;
    allowed(config, organization, role, credential.kind)?;
    Ok(credential)
}

fn active(credential: &StaticCredential, now: Time) -> Result<(), AuthError> {
    if credential.revoked_at.is_some() {
        return Err(AuthError::Revoked);
    }
    if credential.has_ended(now) { Err(AuthError::Expired) } else { Ok(()) }
}

/// Checks the organization's policy for this use.
fn allowed(
    config: &Config,
    organization: &Organization,
    role: &str,
    kind: StaticKind,
) -> Result<(), AuthError> {
    let name = || organization.name.clone();
    match kind {
        StaticKind::ApiKey(_) => {
            if !organization.key_policy(&config.organizations).enabled {
                return Err(AuthError::ApiKeysOff { organization: name() });
            }
        }
        StaticKind::PersonalToken => {
            let policy = organization.token_policy(&config.organizations);
            if !policy.enabled {
                return Err(AuthError::personal_tokens_off(config, organization));
            }
            if !policy.creators.include(role) {
                return Err(AuthError::PersonalTokensAdminsOnly { organization: name() });
            }
        }
    }
    Ok(())
}

fn presented(credential: StaticCredential) -> CredentialInfo {
    CredentialInfo {
        id: credential.id,
        kind: credential.kind.credential_kind(),
        mode: credential.kind.mode(),
        bound_to_addresses: credential.allowed_addresses.is_some(),
        name: credential.name,
        created_at: credential.created_at,
        ends_at: credential.ends_at,
        last_used_at: credential.last_used_at,
    }
}
