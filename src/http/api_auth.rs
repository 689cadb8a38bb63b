//! Authentication at this server's APIs: RFC 6750, and `X-API-Key`.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use crate::domain::parameters::{Parameters, decode};
use crate::domain::secret::Secret;
use crate::domain::static_secret::SecretForm;
use crate::keys::jwt::{AccessClaims, JwtError};
use crate::services::auth_error::AuthError;
use crate::services::authenticate::{self, Audience, CheckResult, PresentedToken, Principal};
use crate::store::{Conn, StoreError, TxError};
use crate::web::app::App;
use crate::web::client_address::client_address;
use crate::web::use_log;

const API_KEY: &str = "x-api-key";
/// Query parameters that would carry a credential.
const IN_QUERY: [&str; 3] = ["access_token", "api_key", "token"];

/// Authenticates the request. The use of a known credential is logged, allowed or denied.
pub async fn principal(app: &App, request: &HttpRequest) -> Result<Principal, TxError<AuthError>> {
    check(app, request, &presented_credential(request.headers(), request.query_string())?, None).await
}

/// Authenticates a credential from the request's client address. `endpoint` is the endpoint that it is used
/// for; `None` for this request's.
pub async fn check(
    app: &App,
    request: &HttpRequest,
    secret: &Secret,
    endpoint: Option<String>,
) -> Result<Principal, TxError<AuthError>> {
    check_for(app, request, secret, &Audience::Issuer, endpoint).await
}

/// [`check`] for access tokens of another audience.
pub async fn check_for(
    app: &App,
    request: &HttpRequest,
    secret: &Secret,
    audience: &Audience,
    endpoint: Option<String>,
) -> Result<Principal, TxError<AuthError>> {
    let token = parse_token(app, secret).await?;
    let address = client_address(request, &app.config.server.trusted_proxies);
    let checked = check_token(app, &token, audience, address).await?;
    if let Some(credential) = checked.credential {
        match endpoint {
            Some(endpoint) => use_log::note_for(request, credential, endpoint),
            None => use_log::note(request, credential),
        }
    }
    Ok(checked.verdict?)
}

/// Checks a token that is used from this address.
pub(super) async fn check_token(
    app: &App,
    token: &PresentedToken,
    audience: &Audience,
    address: Option<IpAddr>,
) -> Result<CheckResult, StoreError> {
    match token {
        PresentedToken::Static(secret) => {
            let held = app.store.find_by_secret(*secret).await?;
            Ok(authenticate::check_static(&app.config, held, address, app.now()))
        }
        PresentedToken::Access(claims) => {
            let (reader, claims, audience, now) = (app.clone(), claims.clone(), audience.clone(), app.now());
            let read = move |conn: &mut Conn| {
                authenticate::check_access(conn, &reader.config, &claims, &audience, address, now)
            };
            app.store.read(read).await
        }
    }
}

/// Refuses a caller without this scope.
pub fn require(app: &App, principal: &Principal, scope: &str) -> Result<(), AuthError> {
    if principal.scopes.contains(scope) {
        return Ok(());
    }
    Err(AuthError::insufficient_scope(&app.config, std::iter::once(scope.to_owned()).collect()))
}

/// Classifies a credential by its form. A mistyped key is refused here, without database access.
pub(super) async fn parse_token(app: &App, secret: &Secret) -> Result<PresentedToken, TxError<AuthError>> {
    match SecretForm::of(&app.config.brand.token_prefix, secret.expose()) {
        SecretForm::Static(_) => Ok(PresentedToken::Static(secret.digest())),
        SecretForm::Damaged => Err(AuthError::Invalid.into()),
        SecretForm::Other => verified(app, secret).await.map(PresentedToken::Access),
    }
}

/// Verifies signature and times. The signing keys are refreshed if needed: an unknown key may be new on
/// another node, and a known one may be revoked.
async fn verified(app: &App, token: &Secret) -> Result<AccessClaims, TxError<AuthError>> {
    let verify = || app.keyring.verify_access(app.issuer(), app.now(), token.expose());
    let verdict = match verify() {
        Err(JwtError::UnknownKey | JwtError::Lifetime) if app.keyring.may_reload() => {
            app.reread_keys().await?;
            verify()
        }
        Ok(_) if app.keyring.is_stale() => {
            app.confirm_keys().await?;
            verify()
        }
        verdict => verdict,
    };
    Ok(verdict.map_err(|rejected| {
        tracing::info!(reason = %rejected, "access token refused");
        match rejected {
            JwtError::Time => AuthError::Expired,
            JwtError::Form
            | JwtError::Header
            | JwtError::UnknownKey
            | JwtError::Signature
            | JwtError::Issuer
            | JwtError::Retired
            | JwtError::Lifetime => AuthError::Invalid,
        }
    })?)
}

/// The one credential of a request.
pub(super) fn presented_credential(headers: &HeaderMap, query: &str) -> Result<Secret, AuthError> {
    not_in_query(query)?;
    let bearer = headers.get_all(AUTHORIZATION).filter_map(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let keys = headers.get_all(API_KEY).filter_map(|value| value.to_str().ok()).map(str::trim);
    let mut tokens = bearer.chain(keys).filter(|token| !token.is_empty());
    let first = tokens.next().ok_or(AuthError::Missing)?;
    if tokens.any(|other| other != first) { Err(AuthError::Ambiguous) } else { Ok(Secret::new(first)) }
}

/// Refuses a credential in a query, where logs and histories keep it.
pub(super) fn not_in_query(query: &str) -> Result<(), AuthError> {
    if names_credential(query) { Err(AuthError::InQuery) } else { Ok(()) }
}

fn names_credential(query: &str) -> bool {
    match Parameters::parse(query.as_bytes()) {
        Ok(parameters) => IN_QUERY.iter().any(|name| parameters.get(name).is_some()),
        // A query that cannot be parsed as a whole is searched piece by piece.
        Err(_) => query.split('&').any(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            decode(name.as_bytes()).is_some_and(|name| IN_QUERY.contains(&name.as_str()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn token(headers: &[(&str, &str)], query: &str) -> Result<String, AuthError> {
        let mut request = TestRequest::default();
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        presented_credential(request.to_http_request().headers(), query)
            .map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn rs_05_the_scheme_is_bearer_in_any_case() {
        assert_eq!(token(&[("authorization", "Bearer abc")], "").unwrap(), "abc");
        assert_eq!(token(&[("authorization", "bEARER  abc")], "").unwrap(), "abc");
        assert_eq!(token(&[("x-api-key", "abc")], "").unwrap(), "abc");
        for other in ["Basic abc", "Token abc", "abc", "Bearer", "Bearer "] {
            assert!(matches!(token(&[("authorization", other)], ""), Err(AuthError::Missing)), "{other}");
        }
    }

    #[test]
    fn two_different_credentials_are_ambiguous_and_the_same_one_twice_is_not() {
        assert_eq!(token(&[("authorization", "Bearer abc"), ("x-api-key", "abc")], "").unwrap(), "abc");
        for headers in [
            [("authorization", "Bearer abc"), ("x-api-key", "abd")],
            [("authorization", "Bearer abc"), ("authorization", "Bearer abd")],
        ] {
            assert!(matches!(token(&headers, ""), Err(AuthError::Ambiguous)));
        }
    }

    #[test]
    fn rs_03_a_credential_in_the_query_is_refused_even_next_to_a_good_one() {
        for query in ["access_token=abc", "a=1&api_key=abc", "acc%65ss_token=abc", "x=%zz&access_token=abc"] {
            assert!(
                matches!(token(&[("authorization", "Bearer abc")], query), Err(AuthError::InQuery)),
                "{query}"
            );
        }
        assert!(token(&[("authorization", "Bearer abc")], "cursor=abc&access_token=").is_ok());
    }
}
