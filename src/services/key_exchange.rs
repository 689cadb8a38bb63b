//! An API key or a personal token in exchange for the access token that every API behind this server can verify by itself.

use crate::config::Config;
use crate::domain::entropy::Entropy;
use crate::domain::key_format::base62;
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Time;
use crate::keys::jwt::AccessClaims;

use super::present::Principal;

/// What the token says. The credential is the client as well, because there is no other: it was presented at `now`, the
/// token does not outlive it, and it dies when the credential is revoked.
pub fn claims(
    config: &Config,
    principal: &Principal,
    requested: Option<&str>,
    now: Time,
    entropy: Entropy,
) -> Result<AccessClaims, OAuthError> {
    let Principal { credential, subject, organization, .. } = principal;
    let issuer = config.server.public_url.as_str();
    let end = now + config.tokens.access;
    Ok(AccessClaims {
        iss: issuer.to_owned(),
        sub: subject.id().as_str().to_owned(),
        aud: issuer.to_owned(),
        client_id: credential.id.clone(),
        iat: now.seconds(),
        exp: credential.ends_at.map_or(end, |own| own.min(end)).seconds(),
        jti: base62(&entropy.bytes::<16>(), 22),
        scope: narrowed(requested, &principal.scopes)?.to_string(),
        org: organization.id.clone(),
        sid: credential.id.clone(),
        auth_time: now.seconds(),
    })
}

/// All that the credential may do now, or the part of it that was asked for.
fn narrowed(requested: Option<&str>, effective: &ScopeSet) -> Result<ScopeSet, OAuthError> {
    let Some(requested) = requested.filter(|scope| !scope.trim().is_empty()) else {
        return Ok(effective.clone());
    };
    match ScopeSet::parse(requested) {
        Ok(scopes) if scopes.is_subset(effective) => Ok(scopes),
        Ok(_) | Err(_) => Err(OAuthError::new(
            OAuthCode::InvalidScope,
            "The credential does not have every scope that was asked for.",
            "scope outside of what the credential may do",
        )),
    }
}
