//! An access token or a refresh token, and the CLI session behind it.

use std::net::IpAddr;

use super::super::auth_error::AuthError;
use super::{Audience, CheckResult, CredentialInfo, Principal, Subject, static_secret};
use crate::config::Config;
use crate::domain::credential::CredentialKind;
use crate::domain::scope::ScopeSet;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::domain::usage::CredentialRef;
use crate::keys::jwt::AccessClaims;
use crate::keys::master::MasterKey;
use crate::keys::refresh_token;
use crate::store::credentials::{self, Credential};
use crate::store::memberships::{self, ActiveMember};
use crate::store::organizations::Organization;
use crate::store::{Conn, StoreError, TxError, clients};

/// Checks an access token. `address` is the client address.
pub fn check_access(
    conn: &mut Conn,
    config: &Config,
    claims: &AccessClaims,
    audience: &Audience,
    address: Option<IpAddr>,
    now: Time,
) -> Result<CheckResult, StoreError> {
    let of_session = |verdict| CheckResult { credential: Some(credential(claims)), verdict };
    let token_scopes = match ScopeSet::parse(&claims.scope) {
        Ok(scopes) if audience.accepts(config, &claims.aud) => scopes,
        Ok(_) | Err(_) => return Ok(of_session(Err(AuthError::Invalid))),
    };
    let Some(found) = credentials::find(conn, &claims.sid)? else {
        return Ok(of_session(Err(AuthError::Revoked)));
    };
    match found.kind {
        CredentialKind::PersonalToken | CredentialKind::ApiKey => {
            static_secret::exchanged(conn, config, claims, &token_scopes, address, now)
        }
        CredentialKind::CliSession
            if found.user_id.as_ref() == Some(&claims.sub) && found.org_id == claims.org =>
        {
            let verdict = evaluate(conn, config, found, &claims.client_id, &token_scopes, now);
            Ok(of_session(TxError::settle(verdict)?))
        }
        CredentialKind::CliSession => Ok(of_session(Err(AuthError::Revoked))),
    }
}

/// The session that a token names, for the log.
fn credential(claims: &AccessClaims) -> CredentialRef {
    CredentialRef {
        id: claims.sid.clone(),
        org_id: claims.org.clone(),
        owner: SubjectId::User(claims.sub.clone()),
    }
}

/// Checks a current refresh token without redeeming it.
pub fn check_refresh(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    token: &refresh_token::ParsedRefreshToken,
    now: Time,
) -> Result<Principal, TxError<AuthError>> {
    let ours = |session: &Credential| {
        session.seed.as_deref().is_some_and(|seed| token.verify_tag(master, seed))
            && session.generation == token.generation
    };
    let session = credentials::find(conn, &token.credential_id)?.filter(ours).ok_or(AuthError::Invalid)?;
    let (Some(client_id), Ok(scopes)) = (session.client_id.clone(), ScopeSet::parse(&session.scopes)) else {
        return Err(AuthError::Invalid.into());
    };
    evaluate(conn, config, session, &client_id, &scopes, now)
}

fn evaluate(
    conn: &mut Conn,
    config: &Config,
    session: Credential,
    client_id: &str,
    token_scopes: &ScopeSet,
    now: Time,
) -> Result<Principal, TxError<AuthError>> {
    active(&session, now)?;
    let member = match &session.user_id {
        Some(user) => memberships::active_member(conn, &session.org_id, user)?,
        None => None,
    };
    let ActiveMember { organization, user, role } = member.ok_or(AuthError::Revoked)?;
    let client = clients::find(conn, client_id)?.ok_or(AuthError::Revoked)?;
    if !organization.personal_tokens {
        return Err(AuthError::personal_tokens_off(config, &organization).into());
    }
    let scopes = client.effective_scopes(&config.catalog, token_scopes, &role);
    Ok(Principal {
        credential: presented(session),
        subject: Subject::User(user),
        organization,
        role,
        client: Some(client),
        scopes,
    })
}

/// Rechecks the session inside the transaction of the change; returns its granted scopes.
pub(super) fn recheck(
    conn: &mut Conn,
    config: &Config,
    organization: &Organization,
    id: &str,
    now: Time,
) -> Result<ScopeSet, TxError<AuthError>> {
    let credential = credentials::find(conn, id)?.ok_or(AuthError::Revoked)?;
    active(&credential, now)?;
    if !organization.personal_tokens {
        return Err(AuthError::personal_tokens_off(config, organization).into());
    }
    Ok(ScopeSet::parse(&credential.scopes).unwrap_or_default())
}

fn active(session: &Credential, now: Time) -> Result<(), AuthError> {
    if session.revoked_at.is_some() {
        return Err(AuthError::Revoked);
    }
    if session.is_active(now) { Ok(()) } else { Err(AuthError::Expired) }
}

fn presented(session: Credential) -> CredentialInfo {
    CredentialInfo {
        id: session.id,
        kind: session.kind,
        mode: None,
        bound_to_addresses: false,
        name: session.name,
        created_at: session.created_at,
        ends_at: session.ends_at,
        last_used_at: session.last_used_at,
    }
}
