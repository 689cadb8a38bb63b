//! Authentication at this server's APIs: RFC 6750, and `X-API-Key`.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};

use crate::domain::parameters::{Parameters, decode};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::domain::static_secret::SecretForm;
use crate::keys::jwt::{AccessClaims, JwtError};
use crate::services::authenticate::{self, Audience, CheckResult, PresentedToken, Principal, Refused};
use crate::store::{Conn, StoreError};
use crate::web::app::App;
use crate::web::client_address::client_address;
use crate::web::{request_id, use_log};

const API_KEY: &str = "x-api-key";
/// Query parameters that would carry a credential.
const IN_QUERY: [&str; 3] = ["access_token", "api_key", "token"];

/// Why authentication failed.
#[derive(Debug)]
pub enum Denied {
    /// No credential at all.
    Missing,
    /// Several different ones.
    Ambiguous,
    InQuery,
    Invalid,
    Expired,
    Revoked,
    /// Personal tokens are off in the organization.
    SwitchedOff {
        name: String,
        slug: String,
        settings_url: String,
    },
    /// Personal tokens are limited to owners and admins.
    AdminsOnly {
        name: String,
    },
    /// API keys are off in the organization.
    KeysOff {
        name: String,
    },
    /// The client address is not on the key's allowlist.
    Address,
    InsufficientScope {
        required: ScopeSet,
        /// The brand's header that lists the scopes.
        header: String,
    },
    Store(StoreError),
}

impl Denied {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Ambiguous | Self::InQuery => StatusCode::BAD_REQUEST,
            Self::Missing | Self::Invalid | Self::Expired | Self::Revoked => StatusCode::UNAUTHORIZED,
            Self::SwitchedOff { .. }
            | Self::AdminsOnly { .. }
            | Self::KeysOff { .. }
            | Self::Address
            | Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            Self::Store(StoreError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `WWW-Authenticate`: without an error when nothing was presented.
    pub fn challenge(&self) -> Option<String> {
        const BARE: &str = r#"Bearer realm="api""#;
        match self {
            Self::Missing => Some(BARE.to_owned()),
            Self::Ambiguous | Self::InQuery => Some(format!(r#"{BARE}, error="invalid_request""#)),
            Self::Invalid | Self::Expired | Self::Revoked => {
                Some(format!(r#"{BARE}, error="invalid_token", error_description="{}""#, self.message()))
            }
            Self::InsufficientScope { required, .. } => {
                Some(format!(r#"{BARE}, error="insufficient_scope", scope="{required}""#))
            }
            Self::SwitchedOff { .. }
            | Self::AdminsOnly { .. }
            | Self::KeysOff { .. }
            | Self::Address
            | Self::Store(_) => None,
        }
    }

    pub fn message(&self) -> String {
        match self {
            Self::Missing => "No credential was presented.".to_owned(),
            Self::Ambiguous => "More than one credential was presented. Send one, in one place.".to_owned(),
            Self::InQuery => "A credential does not belong in a URL. Send it in a header.".to_owned(),
            Self::Invalid => "The credential is not valid.".to_owned(),
            Self::Expired => "The credential has expired.".to_owned(),
            Self::Revoked => "The credential was revoked.".to_owned(),
            Self::SwitchedOff { name, .. } => format!(
                "{name} does not allow personal tokens. An organization admin can turn them on at Settings > API access > Personal tokens."
            ),
            Self::AdminsOnly { name } => {
                format!("{name} allows personal tokens to its owners and admins alone.")
            }
            Self::KeysOff { name } => {
                format!("{name} does not allow API keys. An organization admin can turn them on.")
            }
            Self::Address => {
                "The API key may not be used from this address. Whoever manages it decides from where."
                    .to_owned()
            }
            Self::InsufficientScope { required, .. } => {
                format!("The credential does not have the required scope: {required}.")
            }
            Self::Store(StoreError::Unavailable(_)) => {
                "The server cannot take this now. Try again, a POST with the same Idempotency-Key.".to_owned()
            }
            Self::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => {
                "Something went wrong on the server.".to_owned()
            }
        }
    }
}

impl Denied {
    /// Logs the reason, which the client does not see in full.
    pub fn log(&self) {
        let request_id = request_id::current();
        match self {
            Self::Store(error @ StoreError::Unavailable(_)) => {
                tracing::warn!(request_id, %error, "cannot take the request now");
            }
            Self::Store(error @ (StoreError::Conflict(_) | StoreError::Failed(_))) => {
                tracing::error!(request_id, %error, "failed");
            }
            Self::Missing
            | Self::Ambiguous
            | Self::InQuery
            | Self::Invalid
            | Self::Expired
            | Self::Revoked
            | Self::SwitchedOff { .. }
            | Self::AdminsOnly { .. }
            | Self::KeysOff { .. }
            | Self::Address
            | Self::InsufficientScope { .. } => {
                tracing::info!(request_id, reason = self.message(), "refused");
            }
        }
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Authenticates the request. The use of a known credential is logged, allowed or denied.
pub async fn principal(app: &App, request: &HttpRequest) -> Result<Principal, Denied> {
    check(app, request, &presented_credential(request.headers(), request.query_string())?, None).await
}

/// Authenticates a credential from the request's client address. `endpoint` is the endpoint that it is used
/// for; `None` for this request's.
pub async fn check(
    app: &App,
    request: &HttpRequest,
    secret: &Secret,
    endpoint: Option<String>,
) -> Result<Principal, Denied> {
    check_for(app, request, secret, &Audience::Issuer, endpoint).await
}

/// [`check`] for access tokens of another audience.
pub async fn check_for(
    app: &App,
    request: &HttpRequest,
    secret: &Secret,
    audience: &Audience,
    endpoint: Option<String>,
) -> Result<Principal, Denied> {
    let token = parse_token(app, secret).await?;
    let address = client_address(request, &app.config.server.trusted_proxies);
    let checked = check_token(app, &token, audience, address).await?;
    if let Some(credential) = checked.credential {
        match endpoint {
            Some(endpoint) => use_log::note_for(request, credential, endpoint),
            None => use_log::note(request, credential),
        }
    }
    checked.verdict.map_err(|refused| denied(app, refused))
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

/// The error for a refused credential.
pub fn denied(app: &App, refused: Refused) -> Denied {
    match refused {
        Refused::Invalid => Denied::Invalid,
        Refused::Expired => Denied::Expired,
        Refused::Revoked => Denied::Revoked,
        Refused::SwitchedOff { name, slug } => {
            let settings_url = app.config.server.public_url.join(&format!("/o/{slug}/settings/api-access"));
            Denied::SwitchedOff { name, slug, settings_url }
        }
        Refused::AdminsOnly { name } => Denied::AdminsOnly { name },
        Refused::KeysOff { name } => Denied::KeysOff { name },
        Refused::Address => Denied::Address,
    }
}

/// Refuses a caller without this scope.
pub fn require(app: &App, principal: &Principal, scope: &str) -> Result<(), Denied> {
    if principal.scopes.contains(scope) {
        return Ok(());
    }
    Err(insufficient_scope(app, std::iter::once(scope.to_owned()).collect()))
}

/// The error for a credential without these scopes.
pub fn insufficient_scope(app: &App, required: ScopeSet) -> Denied {
    Denied::InsufficientScope { required, header: format!("{}-Required-Scopes", app.config.brand.header) }
}

/// Classifies a credential by its form. A mistyped key is refused here, without database access.
pub(super) async fn parse_token(app: &App, secret: &Secret) -> Result<PresentedToken, Denied> {
    match SecretForm::of(&app.config.brand.token_prefix, secret.expose()) {
        SecretForm::Static(_) => Ok(PresentedToken::Static(secret.digest())),
        SecretForm::Damaged => Err(Denied::Invalid),
        SecretForm::Other => verified(app, secret).await.map(PresentedToken::Access),
    }
}

/// Verifies signature and times. The signing keys are refreshed if needed: an unknown key may be new on
/// another node, and a known one may be revoked.
async fn verified(app: &App, token: &Secret) -> Result<AccessClaims, Denied> {
    let verify = || app.keyring.verify_access(app.issuer(), app.now(), token.expose());
    let verdict = match verify() {
        Err(JwtError::UnknownKey | JwtError::Lifetime) if app.keyring.may_reload() => {
            app.reread_keys().await.map_err(Denied::Store)?;
            verify()
        }
        Ok(_) if app.keyring.is_stale() => {
            app.confirm_keys().await.map_err(Denied::Store)?;
            verify()
        }
        verdict => verdict,
    };
    verdict.map_err(|rejected| {
        tracing::info!(reason = %rejected, "access token refused");
        match rejected {
            JwtError::Time => Denied::Expired,
            JwtError::Form
            | JwtError::Header
            | JwtError::UnknownKey
            | JwtError::Signature
            | JwtError::Issuer
            | JwtError::Retired
            | JwtError::Lifetime => Denied::Invalid,
        }
    })
}

/// The one credential of a request.
pub(super) fn presented_credential(headers: &HeaderMap, query: &str) -> Result<Secret, Denied> {
    not_in_query(query)?;
    let bearer = headers.get_all(AUTHORIZATION).filter_map(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let keys = headers.get_all(API_KEY).filter_map(|value| value.to_str().ok()).map(str::trim);
    let mut tokens = bearer.chain(keys).filter(|token| !token.is_empty());
    let first = tokens.next().ok_or(Denied::Missing)?;
    if tokens.any(|other| other != first) { Err(Denied::Ambiguous) } else { Ok(Secret::new(first)) }
}

/// Refuses a credential in a query, where logs and histories keep it.
pub(super) fn not_in_query(query: &str) -> Result<(), Denied> {
    if names_credential(query) { Err(Denied::InQuery) } else { Ok(()) }
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

    fn token(headers: &[(&str, &str)], query: &str) -> Result<String, Denied> {
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
            assert!(matches!(token(&[("authorization", other)], ""), Err(Denied::Missing)), "{other}");
        }
    }

    #[test]
    fn two_different_credentials_are_ambiguous_and_the_same_one_twice_is_not() {
        assert_eq!(token(&[("authorization", "Bearer abc"), ("x-api-key", "abc")], "").unwrap(), "abc");
        for headers in [
            [("authorization", "Bearer abc"), ("x-api-key", "abd")],
            [("authorization", "Bearer abc"), ("authorization", "Bearer abd")],
        ] {
            assert!(matches!(token(&headers, ""), Err(Denied::Ambiguous)));
        }
    }

    #[test]
    fn rs_03_a_credential_in_the_query_is_refused_even_next_to_a_good_one() {
        for query in ["access_token=abc", "a=1&api_key=abc", "acc%65ss_token=abc", "x=%zz&access_token=abc"] {
            assert!(
                matches!(token(&[("authorization", "Bearer abc")], query), Err(Denied::InQuery)),
                "{query}"
            );
        }
        assert!(token(&[("authorization", "Bearer abc")], "cursor=abc&access_token=").is_ok());
    }

    #[test]
    fn rs_01_nothing_presented_is_challenged_without_an_error() {
        assert_eq!(Denied::Missing.challenge().unwrap(), r#"Bearer realm="api""#);
        assert!(Denied::Expired.challenge().unwrap().contains(r#"error="invalid_token""#));
    }
}
