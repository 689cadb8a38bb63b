//! Presenting a credential: what stands behind an access token right now.
//!
//! A signature says what was true when the token was issued. Whether the session still lives, who its owner is today
//! and what the organization allows is read at every use.

use chrono::TimeDelta;

use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::credential::CredentialKind;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Time;
use crate::keys::jwt::AccessClaims;
use crate::store::credentials::{self, Credential};
use crate::store::memberships::{self, Standing};
use crate::store::organizations::Organization;
use crate::store::users::User;
use crate::store::{Conn, StoreError, clients};

/// Who calls, with what, and what that allows at this moment.
#[derive(Debug, Clone)]
pub struct Principal {
    pub credential: Credential,
    pub user: User,
    pub organization: Organization,
    pub role: String,
    pub client: Client,
    /// Token ∩ role ∩ client.
    pub scopes: ScopeSet,
}

/// Why a credential gives nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It was never one of ours.
    Invalid,
    Expired,
    /// Revoked, or its owner or its client is gone.
    Revoked,
    /// The organization does not allow personal tokens.
    SwitchedOff {
        name: String,
        slug: String,
    },
}

/// Reads what stands behind the claims of an access token whose signature holds.
pub fn check(
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
    if credential.kind.is_personal() && !organization.personal_tokens {
        return Ok(Err(Refused::SwitchedOff { name: organization.name, slug: organization.slug }));
    }
    let scopes = client.effective_scopes(&config.catalog, &token_scopes, &role);
    Ok(Ok(Principal { credential, user, organization, role, client, scopes }))
}

/// Whether a use now should be noted: once a minute is enough for people to read.
pub fn use_is_news(credential: &Credential, now: Time) -> bool {
    credential.last_used_at.is_none_or(|at| now - at >= TimeDelta::seconds(60))
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
