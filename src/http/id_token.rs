//! The ID token of OpenID Connect Core section 2.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::CoreIdTokenClaims;
use openidconnect::{
    AccessTokenHash, Audience, EmptyAdditionalClaims, IssuerUrl, Nonce, StandardClaims, SubjectIdentifier,
};
use sha2::{Digest, Sha256};

use super::oauth_failure::OAuthFailure;
use crate::grants::TokenSet;
use crate::keys::jwt::TokenType;
use crate::web::app::App;

/// Maximum lifetime. An ID token proves a recent sign-in; it is not a credential, and the client checks it at
/// once.
const MAX_LIFETIME_SECONDS: i64 = 60 * 60;

/// Signs the ID token. Name and email address are only at the userinfo endpoint.
pub(super) async fn sign(app: &App, issued: &TokenSet, access_token: &str) -> Result<String, OAuthFailure> {
    let claims = claims(issued, access_token)?;
    Ok(app.keyring.sign(TokenType::Id, &claims).await?)
}

fn claims(issued: &TokenSet, access_token: &str) -> Result<CoreIdTokenClaims, OAuthFailure> {
    let access = &issued.claims;
    let url =
        IssuerUrl::new(access.iss.clone()).map_err(|error| OAuthFailure::Internal(error.to_string()))?;
    let subject = StandardClaims::new(SubjectIdentifier::new(access.sub.clone()));
    let audience = vec![Audience::new(access.client_id.clone())];
    Ok(CoreIdTokenClaims::new(
        url,
        audience,
        moment(access.exp.min(access.iat.saturating_add(MAX_LIFETIME_SECONDS)))?,
        moment(access.iat)?,
        subject,
        EmptyAdditionalClaims {},
    )
    .set_auth_time(Some(moment(access.auth_time)?))
    .set_nonce(issued.nonce.clone().map(Nonce::new))
    .set_access_token_hash(Some(AccessTokenHash::new(half_hash(access_token)))))
}

fn moment(seconds: i64) -> Result<DateTime<Utc>, OAuthFailure> {
    DateTime::from_timestamp(seconds, 0)
        .ok_or_else(|| OAuthFailure::Internal("a claim is no time".to_owned()))
}

/// `at_hash`: the left half of the SHA-256 (OpenID Connect Core section 3.1.3.6).
fn half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(token)[..16])
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::time::Time;
    use crate::keys::jwt::AccessClaims;

    #[test]
    fn cf_07_an_id_token_says_who_signed_in_when_and_for_which_client_for_an_hour() {
        let now = Time::from_micros(1_795_000_000_000_000).unwrap();
        let issued = TokenSet {
            claims: AccessClaims {
                iss: "https://auth.example.com".to_owned(),
                sub: "usr_1".to_owned(),
                aud: "https://auth.example.com".to_owned(),
                client_id: "tool".to_owned(),
                iat: 1_795_000_000,
                exp: 1_795_028_800,
                jti: "j".to_owned(),
                scope: "openid".to_owned(),
                org: "org_1".to_owned(),
                sid: "ses_1".to_owned(),
                auth_time: 1_794_999_000,
                mode: None,
            },
            refresh_token: None,
            idle_ends_at: now,
            ends_at: now + TimeDelta::days(1),
            nonce: Some("n-0S6_WzA2Mj".to_owned()),
        };
        let claims = serde_json::to_value(claims(&issued, "access").unwrap()).unwrap();
        let expected = serde_json::json!({
            "iss": "https://auth.example.com",
            "sub": "usr_1",
            "aud": ["tool"],
            "iat": 1_795_000_000,
            "exp": 1_795_003_600,
            "auth_time": 1_794_999_000,
            "nonce": "n-0S6_WzA2Mj",
            "at_hash": half_hash("access"),
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn the_hash_of_the_access_token_is_the_example_of_openid_connect() {
        assert_eq!(half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
