//! JSON Web Tokens: access tokens (RFC 9068) and ID tokens (OpenID Connect).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::set::KeySet;
use crate::domain::entropy::Entropy;
use crate::domain::static_secret::Mode;
use crate::domain::time::Time;
use keystile_key_format::base62;

/// The type of a token, given by `typ` in its header, so that neither type passes for the other (RFC 8725 section
/// 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    Access,
    Id,
}

impl TokenType {
    fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Id => "JWT",
        }
    }
}

/// The claims of an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    pub iss: String,
    pub sub: String,
    pub aud: String,
    pub client_id: String,
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
    pub scope: String,
    /// Organization id.
    pub org: String,
    /// Id of the credential that the token was issued for.
    pub sid: String,
    pub auth_time: i64,
    /// `live` or `test`, in tokens issued for an API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// A unique `jti`: 128 random bits.
pub fn token_id(entropy: Entropy) -> String {
    base62(&entropy.bytes::<16>(), 22)
}

/// The signing input, `header.payload`.
pub fn signing_input<T: Serialize>(
    token_type: TokenType,
    kid: &str,
    claims: &T,
) -> Result<String, serde_json::Error> {
    let mut header = Header::new(Algorithm::RS256);
    header.typ = Some(token_type.typ().to_owned());
    header.kid = Some(kid.to_owned());
    let mut signing_input = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?);
    signing_input.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut signing_input);
    Ok(signing_input)
}

/// Why a token is rejected. Only for the log: clients get `invalid_token` in all cases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    #[error("not a compact JWS")]
    Form,
    #[error("the header is not one that this server issues")]
    Header,
    #[error("unknown kid")]
    UnknownKey,
    #[error("the signature does not verify")]
    Signature,
    #[error("another issuer")]
    Issuer,
    #[error("expired or not valid yet")]
    Time,
    #[error("issued after its signing key was retired")]
    Retired,
    #[error("longer lifetime than any token of this server")]
    Lifetime,
}

/// Longer than any token of this server, in bytes.
const MAX_LENGTH: usize = 8192;

/// Maximum clock difference between nodes, in seconds.
const SKEW: i64 = 60;

/// Verifies an access token: format, type, key, signature, issuer and time, in this order.
pub fn verify_access(keys: &KeySet, issuer: &str, now: Time, token: &str) -> Result<AccessClaims, JwtError> {
    let (ClaimsWithNotBefore { claims, nbf }, retired_at) =
        verify::<ClaimsWithNotBefore>(keys, TokenType::Access, token)?;
    if claims.iss != issuer {
        return Err(JwtError::Issuer);
    }
    let now = now.seconds();
    if claims.exp <= now || claims.iat > now + SKEW || nbf.is_some_and(|nbf| nbf > now) {
        return Err(JwtError::Time);
    }
    // Limits the use of a leaked key: `iat` is bounded by its retirement and by the clock, and so, by the maximum
    // lifetime, is `exp`.
    if retired_at.is_some_and(|retired| claims.iat > retired.seconds()) {
        return Err(JwtError::Retired);
    }
    let lifetime = claims.exp.checked_sub(claims.iat);
    if lifetime.is_none_or(|seconds| seconds > keys.longest_lifetime().num_seconds()) {
        return Err(JwtError::Lifetime);
    }
    Ok(claims)
}

/// Access token claims, plus `nbf`, which this server does not issue but honors.
#[derive(Deserialize)]
struct ClaimsWithNotBefore {
    #[serde(flatten)]
    claims: AccessClaims,
    nbf: Option<i64>,
}

/// Verifies the signature. Returns the claims, and when the signing key was retired.
fn verify<T: DeserializeOwned>(
    keys: &KeySet,
    token_type: TokenType,
    token: &str,
) -> Result<(T, Option<Time>), JwtError> {
    if token.len() > MAX_LENGTH || !token.is_ascii() || token.split('.').count() != 3 {
        return Err(JwtError::Form);
    }
    let kid = header_kid(token_type, token)?;
    let verifying = keys.verification_key(&kid).ok_or(JwtError::UnknownKey)?;
    let mut validation = Validation::new(Algorithm::RS256);
    // The caller checks the claims, with the server's own clock and issuer.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let data =
        jsonwebtoken::decode::<T>(token, verifying.key, &validation).map_err(|_| JwtError::Signature)?;
    Ok((data.claims, verifying.retired_at))
}

/// The `kid` of a header that has exactly the members that this server issues. Rejects `jwk`, `jku`, `crit` and all
/// others.
fn header_kid(token_type: TokenType, token: &str) -> Result<String, JwtError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ExpectedHeader {
        alg: String,
        typ: String,
        kid: String,
    }
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwtError::Form)?;
    let header: ExpectedHeader = serde_json::from_slice(&header).map_err(|_| JwtError::Header)?;
    let right = header.alg == "RS256" && header.typ == token_type.typ();
    if right { Ok(header.kid) } else { Err(JwtError::Header) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn jw_18_a_million_token_ids_are_unique() {
        const MILLION: usize = 1_000_000;
        let names: HashSet<String> = (0..MILLION).map(|_| token_id(Entropy)).collect();
        assert_eq!(names.len(), MILLION);
        // A million ids can only show collisions in about forty bits; the length shows the rest.
        assert!(names.iter().all(|name| name.len() == 22));
        let same_at =
            |place: usize| names.iter().map(|name| name.as_bytes()[place]).collect::<HashSet<_>>().len();
        assert!((1..22).all(|place| same_at(place) == 62), "every character but the first takes every value");
    }
}
