//! Every authentication error as clients see it, at each kind of endpoint.

use actix_web::body::to_bytes;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpResponse, ResponseError};
use serde_json::Value;

use super::*;
use crate::domain::oauth_error::OAuthError;
use crate::http::api::error::ApiError;
use crate::http::bearer_error::BearerErrorResponse;
use crate::http::key_token;

const OFF: &str = "Acme does not allow personal tokens. An organization admin can turn them on at \
                   Settings > API access > Personal tokens.";

struct Expected {
    error: TxError<AuthError>,
    /// Of the management API, and of userinfo and introspection.
    status: u16,
    api_code: &'static str,
    oauth_code: Option<&'static str>,
    error_code: Option<&'static str>,
    challenge: Option<&'static str>,
    message: &'static str,
    /// Status and `error` of the token endpoint.
    token: (u16, &'static str),
}

/// Which variant it is. A new one needs a number, and a row below.
fn number(error: &TxError<AuthError>) -> usize {
    match error {
        TxError::Refused(AuthError::Missing) => 0,
        TxError::Refused(AuthError::Ambiguous) => 1,
        TxError::Refused(AuthError::InQuery) => 2,
        TxError::Refused(AuthError::Invalid) => 3,
        TxError::Refused(AuthError::Expired) => 4,
        TxError::Refused(AuthError::Revoked) => 5,
        TxError::Refused(AuthError::PersonalTokensOff { .. }) => 6,
        TxError::Refused(AuthError::PersonalTokensAdminsOnly { .. }) => 7,
        TxError::Refused(AuthError::ApiKeysOff { .. }) => 8,
        TxError::Refused(AuthError::AddressNotAllowed) => 9,
        TxError::Refused(AuthError::InsufficientScope { .. }) => 10,
        TxError::Store(StoreError::Unavailable(_)) => 11,
        TxError::Store(StoreError::Conflict(_)) => 12,
        TxError::Store(StoreError::Failed(_)) => 13,
    }
}

#[rustfmt::skip]
fn expected() -> Vec<Expected> {
    let organization = || "Acme".to_owned();
    let row = |error: AuthError, status, api_code, (oauth_code, error_code), challenge, message, token| Expected {
        error: error.into(), status, api_code, oauth_code, error_code, challenge, message, token,
    };
    let failed = |error: StoreError, status, api_code, oauth_code, message| Expected {
        error: error.into(), status, api_code, oauth_code: Some(oauth_code), error_code: None, challenge: None, message,
        token: (status, oauth_code),
    };
    vec![
        row(AuthError::Missing, 401, "missing_credential", (None, None),
            Some(r#"Bearer realm="api""#),
            "No credential was presented.", (400, "invalid_request")),
        row(AuthError::Ambiguous, 400, "ambiguous_credentials", (Some("invalid_request"), None),
            Some(r#"Bearer realm="api", error="invalid_request""#),
            "More than one credential was presented. Send one, in one place.", (400, "invalid_request")),
        row(AuthError::InQuery, 400, "credential_in_query", (Some("invalid_request"), None),
            Some(r#"Bearer realm="api", error="invalid_request""#),
            "A credential does not belong in a URL. Send it in a header.", (400, "invalid_request")),
        row(AuthError::Invalid, 401, "invalid_api_key", (Some("invalid_token"), None),
            Some(r#"Bearer realm="api", error="invalid_token", error_description="The credential is not valid.""#),
            "The credential is not valid.", (401, "invalid_client")),
        row(AuthError::Expired, 401, "expired_api_key", (Some("invalid_token"), None),
            Some(r#"Bearer realm="api", error="invalid_token", error_description="The credential has expired.""#),
            "The credential has expired.", (401, "invalid_client")),
        row(AuthError::Revoked, 401, "revoked_api_key", (Some("invalid_token"), None),
            Some(r#"Bearer realm="api", error="invalid_token", error_description="The credential was revoked.""#),
            "The credential was revoked.", (401, "invalid_client")),
        // With a challenge, tools would sign in again and again.
        row(AuthError::PersonalTokensOff {
                organization: organization(),
                slug: "acme".to_owned(),
                settings_url: "https://auth.example.com/o/acme/settings/api-access".to_owned(),
            },
            403, "personal_tokens_disabled", (Some("access_denied"), Some("personal_tokens_disabled")), None, OFF,
            (403, "access_denied")),
        row(AuthError::PersonalTokensAdminsOnly { organization: organization() },
            403, "personal_tokens_admins_only", (Some("access_denied"), Some("personal_tokens_admins_only")), None,
            "Acme allows personal tokens for owners and admins only.", (403, "access_denied")),
        row(AuthError::ApiKeysOff { organization: organization() },
            403, "api_keys_disabled", (Some("access_denied"), Some("api_keys_disabled")), None,
            "Acme does not allow API keys. An organization admin can turn them on.", (403, "access_denied")),
        row(AuthError::AddressNotAllowed,
            403, "address_not_allowed", (Some("access_denied"), Some("address_not_allowed")), None,
            "The API key may not be used from this address. Use it from an allowed address, or create a key that allows this one.",
            (403, "access_denied")),
        row(AuthError::InsufficientScope {
                required: ["audit:read", "keys:read"].map(str::to_owned).into_iter().collect(),
                header: "Acme-Required-Scopes".to_owned(),
            },
            403, "insufficient_scope", (Some("insufficient_scope"), None),
            Some(r#"Bearer realm="api", error="insufficient_scope", scope="audit:read keys:read""#),
            "The credential does not have the required scope: audit:read keys:read.", (400, "invalid_request")),
        failed(StoreError::Unavailable("10.1.2.3".into()), 503, "temporarily_unavailable", "temporarily_unavailable",
            "The server is temporarily unavailable. Try again; repeat a POST with the same Idempotency-Key."),
        failed(StoreError::Conflict("table users".to_owned()), 500, "internal_error", "server_error",
            "Something went wrong on the server."),
        failed(StoreError::Failed("table users".to_owned()), 500, "internal_error", "server_error",
            "Something went wrong on the server."),
    ]
}

struct Rendered {
    status: u16,
    challenge: Option<String>,
    /// `Acme-Required-Scopes` and `Retry-After`.
    headers: [Option<String>; 2],
    body: Value,
}

async fn rendered(answer: HttpResponse) -> Rendered {
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (status, challenge) = (answer.status().as_u16(), header(WWW_AUTHENTICATE.as_str()));
    let headers = [header("Acme-Required-Scopes"), header("Retry-After")];
    let body = to_bytes(answer.into_body()).await.unwrap();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    Rendered { status, challenge, headers, body }
}

/// The headers that only these errors have.
fn headers(error: &TxError<AuthError>) -> [Option<String>; 2] {
    let (scopes, seconds) = match error {
        TxError::Refused(AuthError::InsufficientScope { .. }) => (Some("audit:read keys:read"), None),
        TxError::Store(StoreError::Unavailable(_)) => (None, Some("1")),
        TxError::Refused(_) | TxError::Store(_) => (None, None),
    };
    [scopes, seconds].map(|value| value.map(str::to_owned))
}

#[test]
fn every_authentication_error_is_in_the_table() {
    let numbers: Vec<usize> = expected().iter().map(|row| number(&row.error)).collect();
    assert_eq!(numbers, (0..14).collect::<Vec<_>>());
    for Expected { error, .. } in expected() {
        let row = row_of(&error);
        assert_eq!(row.status, row.api_code.status(), "{error:?}: the document of the API says so");
    }
}

#[actix_web::test]
async fn rs_01_the_management_api_answers_as_the_table_says() {
    for Expected { error, status, api_code, challenge, message, .. } in expected() {
        let answer = rendered(ApiError::from(error.clone()).error_response()).await;
        let said = &answer.body["error"];
        assert_eq!((answer.status, said["code"].as_str()), (status, Some(api_code)), "{error:?}");
        assert_eq!((answer.challenge.as_deref(), said["message"].as_str()), (challenge, Some(message)));
        assert_eq!(answer.headers, headers(&error), "{error:?}");
        let off = matches!(error, TxError::Refused(AuthError::PersonalTokensOff { .. }));
        let organization = off.then(|| serde_json::json!({ "name": "Acme", "slug": "acme" }));
        assert_eq!(said.get("organization"), organization.as_ref(), "{error:?}");
        let url = off.then_some("https://auth.example.com/o/acme/settings/api-access");
        assert_eq!(said["settings_url"].as_str(), url, "{error:?}");
        let lacks = matches!(error, TxError::Refused(AuthError::InsufficientScope { .. }));
        let scopes = lacks.then(|| serde_json::json!(["audit:read", "keys:read"]));
        assert_eq!(said.get("required_scopes"), scopes.as_ref(), "{error:?}");
    }
}

#[actix_web::test]
async fn rs_01_userinfo_and_introspection_answer_as_the_table_says() {
    for Expected { error, status, oauth_code, error_code, challenge, message, .. } in expected() {
        let answer = rendered(BearerErrorResponse(error.clone()).error_response()).await;
        assert_eq!((answer.status, answer.challenge.as_deref()), (status, challenge), "{error:?}");
        assert_eq!(answer.headers, headers(&error), "{error:?}");
        assert_eq!(answer.body["error"].as_str(), oauth_code, "{error:?}");
        assert_eq!(answer.body["error_code"].as_str(), error_code, "{error:?}");
        assert_eq!(answer.body["error_description"].as_str(), oauth_code.and(Some(message)), "{error:?}");
    }
}

#[actix_web::test]
async fn the_token_endpoint_answers_in_the_codes_of_rfc_6749() {
    for Expected { error, error_code, token, .. } in expected() {
        let refused = key_token::refused(error.clone(), OAuthError::invalid_client);
        let answer = rendered(refused.error_response()).await;
        let said = (answer.body["error"].as_str(), answer.body["error_code"].as_str());
        assert_eq!((answer.status, said), (token.0, (Some(token.1), error_code)), "{error:?}");
        let off = matches!(error, TxError::Refused(AuthError::PersonalTokensOff { .. }));
        assert_eq!(answer.body["organization"].as_str(), off.then_some("Acme"), "{error:?}");
        let basic = answer.challenge.is_some_and(|challenge| challenge.starts_with("Basic "));
        assert_eq!(basic, token.1 == "invalid_client", "{error:?}");
    }
}
