//! An API key or a personal token.

use std::net::IpAddr;

use super::{Presented, Principal, Refused, Subject};
use crate::config::Config;
use crate::domain::granted::Granted;
use crate::domain::scope::ScopeSet;
use crate::domain::static_secret::StaticKind;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::domain::uses::CredentialRef;
use crate::store::memberships::{self, Standing};
use crate::store::organizations::Organization;
use crate::store::static_credentials::StaticCredential;
use crate::store::{Conn, StoreError, service_accounts};

/// The key or token, for the log.
pub(super) fn credential(found: &StaticCredential) -> CredentialRef {
    CredentialRef { id: found.id.clone(), org_id: found.org_id.clone(), owner: found.owner.clone() }
}

pub(super) fn check(
    conn: &mut Conn,
    config: &Config,
    credential: StaticCredential,
    address: Option<IpAddr>,
    now: Time,
) -> Result<Result<Principal, Refused>, StoreError> {
    if credential.revoked_at.is_some() {
        return Ok(Err(Refused::Revoked));
    }
    if credential.has_ended(now) {
        return Ok(Err(Refused::Expired));
    }
    // A person who has left takes the keys along; those of service accounts belong to nobody who could leave.
    let Some((organization, subject, role)) = owner(conn, &credential)? else {
        return Ok(Err(Refused::Revoked));
    };
    if let Some(refused) = forbidden(config, &organization, &role, &credential, address) {
        return Ok(Err(refused));
    }
    let scopes = effective(config, &organization, &role, &credential);
    Ok(Ok(Principal { credential: presented(credential), subject, organization, role, client: None, scopes }))
}

type Owner = (Organization, Subject, String);

fn owner(conn: &mut Conn, credential: &StaticCredential) -> Result<Option<Owner>, StoreError> {
    Ok(match &credential.owner {
        SubjectId::User(id) => memberships::standing(conn, &credential.org_id, id)?
            .map(|Standing { organization, user, role }| (organization, Subject::User(user), role)),
        SubjectId::ServiceAccount(id) => {
            service_accounts::standing(conn, id)?.map(|(organization, account)| {
                let role = account.role.clone();
                (organization, Subject::ServiceAccount(account), role)
            })
        }
    })
}

/// What the organization, or the key itself, has against this use.
fn forbidden(
    config: &Config,
    organization: &Organization,
    role: &str,
    credential: &StaticCredential,
    address: Option<IpAddr>,
) -> Option<Refused> {
    let name = || organization.name.clone();
    match credential.kind {
        StaticKind::ApiKey(_) => {
            if !organization.key_policy(&config.organizations).on {
                return Some(Refused::KeysOff { name: name() });
            }
        }
        StaticKind::PersonalToken => {
            let policy = organization.token_policy(&config.organizations);
            if !policy.on {
                return Some(Refused::SwitchedOff { name: name(), slug: organization.slug.clone() });
            }
            if !policy.creators.include(role) {
                return Some(Refused::AdminsOnly { name: name() });
            }
        }
    }
    let allowed = match &credential.allowed_addresses {
        None => true,
        Some(list) => address.is_some_and(|address| list.contain(address)),
    };
    (!allowed).then_some(Refused::Address)
}

/// Granted ∩ the owner's live role ∩ the organization's policy.
fn effective(
    config: &Config,
    organization: &Organization,
    role: &str,
    credential: &StaticCredential,
) -> ScopeSet {
    let policy = organization.key_policy(&config.organizations);
    match &credential.granted {
        Granted::Unrestricted if !policy.unrestricted => ScopeSet::default(),
        granted @ (Granted::Unrestricted | Granted::Scopes(_)) => granted.within(&config.catalog, role),
    }
}

fn presented(credential: StaticCredential) -> Presented {
    Presented {
        id: credential.id,
        kind: credential.kind.credential_kind(),
        mode: credential.kind.mode(),
        name: credential.name,
        created_at: credential.created_at,
        ends_at: credential.ends_at,
        last_used_at: credential.last_used_at,
    }
}
