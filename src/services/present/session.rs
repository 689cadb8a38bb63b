//! An access token, and the CLI session behind it.

use super::{Presented, Principal, Refused, Subject};
use crate::config::Config;
use crate::domain::credential::CredentialKind;
use crate::domain::scope::ScopeSet;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::domain::uses::CredentialRef;
use crate::keys::jwt::AccessClaims;
use crate::store::credentials::{self, Credential};
use crate::store::memberships::{self, Standing};
use crate::store::organizations::Organization;
use crate::store::{Conn, StoreError, clients};

/// The session that a token names.
pub(super) fn credential(claims: &AccessClaims) -> CredentialRef {
    CredentialRef {
        id: claims.sid.clone(),
        org_id: claims.org.clone(),
        owner: SubjectId::User(claims.sub.clone()),
    }
}

pub(super) fn check(
    conn: &mut Conn,
    config: &Config,
    claims: &AccessClaims,
    now: Time,
) -> Result<Result<Principal, Refused>, StoreError> {
    let token_scopes = match ScopeSet::parse(&claims.scope) {
        Ok(scopes) if claims.aud == config.server.public_url.as_str() => scopes,
        Ok(_) | Err(_) => return Ok(Err(Refused::Invalid)),
    };
    let Some(credential) = credentials::find(conn, &claims.sid)? else {
        return Ok(Err(Refused::Revoked));
    };
    if let Some(refused) = ended(&credential, now) {
        return Ok(Err(refused));
    }
    let standing = match &credential.user_id {
        Some(user) if *user == claims.sub && credential.org_id == claims.org => {
            memberships::standing(conn, &credential.org_id, user)?
        }
        Some(_) | None => None,
    };
    let Some(Standing { organization, user, role }) = standing else {
        return Ok(Err(Refused::Revoked));
    };
    let Some(client) = clients::find(conn, &claims.client_id)? else {
        return Ok(Err(Refused::Revoked));
    };
    if !organization.personal_tokens {
        return Ok(Err(switched_off(&organization)));
    }
    let scopes = client.effective_scopes(&config.catalog, &token_scopes, &role);
    Ok(Ok(Principal {
        credential: presented(credential),
        subject: Subject::User(user),
        organization,
        role,
        client: Some(client),
        scopes,
    }))
}

/// The same session inside the transaction of what it asks for: the scopes that it was granted.
pub(super) fn again(
    conn: &mut Conn,
    organization: &Organization,
    id: &str,
    now: Time,
) -> Result<Result<ScopeSet, Refused>, StoreError> {
    let Some(credential) = credentials::find(conn, id)? else { return Ok(Err(Refused::Revoked)) };
    if let Some(refused) = ended(&credential, now) {
        return Ok(Err(refused));
    }
    if !organization.personal_tokens {
        return Ok(Err(switched_off(organization)));
    }
    Ok(Ok(ScopeSet::parse(&credential.scopes).unwrap_or_default()))
}

fn switched_off(organization: &Organization) -> Refused {
    Refused::SwitchedOff { name: organization.name.clone(), slug: organization.slug.clone() }
}

fn presented(session: Credential) -> Presented {
    Presented {
        id: session.id,
        kind: session.kind,
        mode: None,
        name: session.name,
        created_at: session.created_at,
        ends_at: session.ends_at,
        last_used_at: session.last_used_at,
    }
}

fn ended(credential: &Credential, now: Time) -> Option<Refused> {
    match credential.kind {
        CredentialKind::CliSession if credential.revoked_at.is_some() => Some(Refused::Revoked),
        CredentialKind::CliSession if !credential.lives(now) => Some(Refused::Expired),
        CredentialKind::CliSession => None,
        // They carry a secret of their own and stand behind no access token.
        CredentialKind::PersonalToken | CredentialKind::ApiKey => Some(Refused::Invalid),
    }
}
