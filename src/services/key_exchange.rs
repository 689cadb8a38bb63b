//! Exchanges an API key or personal token for an access token that APIs can verify offline.

use crate::config::Config;
use crate::domain::entropy::Entropy;
use crate::domain::key_grant::KeyGrant;
use crate::domain::oauth_error::{ADDRESS_BOUND_KEY, OAuthCode, OAuthError};
use crate::domain::resource;
use crate::domain::scope::ScopeSet;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::keys::jwt::{AccessClaims, token_id};

use super::authenticate::Principal;

/// Parameters of an exchange.
pub struct ExchangeParams<'a> {
    pub scope: Option<&'a str>,
    /// All values of `resource` and `audience`.
    pub resources: &'a [String],
}

/// Claims of the access token. The credential is also the client, because there is no other. The token does
/// not outlive the credential and ends with its revocation.
pub fn claims(
    config: &Config,
    grant: KeyGrant,
    principal: &Principal,
    params: &ExchangeParams<'_>,
    now: Time,
    entropy: Entropy,
) -> Result<AccessClaims, OAuthError> {
    let Principal { credential, organization, .. } = principal;
    if credential.bound_to_addresses {
        return Err(address_bound());
    }
    let issuer = config.server.public_url.as_str();
    let end = now + config.tokens.access;
    Ok(AccessClaims {
        iss: issuer.to_owned(),
        sub: sub(grant, principal),
        aud: resource::audience(issuer, &config.resources, params.resources, credential.mode)?,
        client_id: credential.id.clone(),
        iat: now.seconds(),
        exp: credential.ends_at.map_or(end, |own| own.min(end)).seconds(),
        jti: token_id(entropy),
        scope: narrowed(params.scope, &principal.scopes)?.to_string(),
        org: organization.id.clone(),
        sid: credential.id.clone(),
        auth_time: now.seconds(),
        mode: credential.mode,
    })
}

/// Refusal for keys with an address allowlist, which an offline verifier could not enforce.
fn address_bound() -> OAuthError {
    let description = "An API key that is limited to some addresses cannot be exchanged. Present the key itself, or use \
                       one without such a limit.";
    OAuthError {
        error_code: Some(ADDRESS_BOUND_KEY),
        ..OAuthError::new(OAuthCode::InvalidTarget, description, ADDRESS_BOUND_KEY)
    }
}

/// `sub` of the token. With client credentials it is the client's (RFC 9068 section 5), so that it is not
/// mistaken for a user's.
fn sub(grant: KeyGrant, principal: &Principal) -> String {
    match (grant, principal.subject.id()) {
        (KeyGrant::ClientCredentials, SubjectId::User(_)) => principal.credential.id.clone(),
        (KeyGrant::TokenExchange, SubjectId::User(id)) | (_, SubjectId::ServiceAccount(id)) => id,
    }
}

/// All effective scopes, or the requested part of them. OpenID Connect scopes are left out: there is no
/// sign-in, so no identity and no session.
fn narrowed(requested: Option<&str>, effective: &ScopeSet) -> Result<ScopeSet, OAuthError> {
    let of_sign_ins: ScopeSet = ["openid", "offline_access"].map(str::to_owned).into_iter().collect();
    let effective = &effective.difference(&of_sign_ins);
    let Some(requested) = requested.filter(|scope| !scope.trim().is_empty()) else {
        return Ok(effective.clone());
    };
    match ScopeSet::parse(requested) {
        Ok(scopes) if scopes.is_subset(effective) => Ok(scopes),
        Ok(_) | Err(_) => Err(OAuthError::new(
            OAuthCode::InvalidScope,
            "The credential does not have all of the requested scopes.",
            "scope outside of what the credential may do",
        )),
    }
}
