//! Errors of the management API, all in one envelope.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Value, json};

use super::rate_headers;
use crate::domain::oauth_error::{
    ADDRESS_NOT_ALLOWED, API_KEYS_DISABLED, PERSONAL_TOKENS_ADMINS_ONLY, PERSONAL_TOKENS_DISABLED,
    RATE_LIMITED,
};
use crate::domain::rate_policy::Exceeded;
use crate::http::bearer::{self, Denied};
use crate::http::failure::RETRY_SECONDS;
use crate::services::refusal::{ForbiddenCode, Refusal};
use crate::store::StoreError;
use crate::web::app::App;
use crate::web::form::LARGEST_BODY;
use crate::web::request_id;

/// A call that gets an error.
#[derive(Debug)]
pub enum ApiError {
    /// The request cannot be understood; the text says what to mend.
    BadRequest(String),
    /// There is no such thing, or none that the caller may know of.
    NotFound(&'static str),
    /// A field of the body holds what it cannot.
    Invalid {
        field: &'static str,
        message: String,
    },
    /// The organization, or the caller's place in it, forbids it.
    Forbidden {
        code: ForbiddenCode,
        message: String,
    },
    /// What it is about is past changing.
    Ended(String),
    /// The idempotency key belongs to another request.
    IdempotencyConflict,
    TooLarge,
    /// The body is not JSON.
    ContentType,
    RateLimited(Exceeded),
    Denied(Denied),
}

impl From<Exceeded> for ApiError {
    fn from(exceeded: Exceeded) -> Self {
        Self::RateLimited(exceeded)
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Denied(Denied::Store(error))
    }
}

impl ApiError {
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// A refusal in the words of the API.
    pub fn refused(app: &App, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Credential(refused) => Self::Denied(bearer::denied(app, refused)),
            Refusal::NotFound(message) => Self::NotFound(message),
            Refusal::MissingScopes(scopes) => Self::Denied(bearer::lacking(app, scopes)),
            Refusal::Forbidden { code, message } => Self::Forbidden { code, message },
            Refusal::Invalid { field, message } => Self::Invalid { field, message },
            Refusal::Ended(message) => Self::Ended(message),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl ApiError {
    /// The family and the code of the error.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::BadRequest(_) => ("invalid_request", "invalid_request"),
            Self::NotFound(_) => ("not_found", "not_found"),
            Self::Invalid { .. } => ("invalid_request", "invalid_parameter"),
            Self::Forbidden { code, .. } => match code {
                ForbiddenCode::KeysOff => ("permission_error", API_KEYS_DISABLED),
                ForbiddenCode::PersonalTokensOff => ("permission_error", PERSONAL_TOKENS_DISABLED),
                ForbiddenCode::NotPermitted => ("permission_error", "not_permitted"),
            },
            Self::Ended(_) => ("conflict", "ended"),
            Self::IdempotencyConflict => ("conflict", "idempotency_conflict"),
            Self::TooLarge => ("invalid_request", "too_large"),
            Self::ContentType => ("invalid_request", "unsupported_media_type"),
            Self::RateLimited(_) => ("rate_limit_error", RATE_LIMITED),
            Self::Denied(denied) => match denied {
                Denied::Ambiguous => ("invalid_request", "ambiguous_credentials"),
                Denied::InQuery => ("invalid_request", "credential_in_query"),
                Denied::Missing => ("auth_error", "missing_credential"),
                Denied::Invalid => ("auth_error", "invalid_api_key"),
                Denied::Expired => ("auth_error", "expired_api_key"),
                Denied::Revoked => ("auth_error", "revoked_api_key"),
                Denied::SwitchedOff { .. } => ("permission_error", PERSONAL_TOKENS_DISABLED),
                Denied::AdminsOnly { .. } => ("permission_error", PERSONAL_TOKENS_ADMINS_ONLY),
                Denied::KeysOff { .. } => ("permission_error", API_KEYS_DISABLED),
                Denied::Address => ("permission_error", ADDRESS_NOT_ALLOWED),
                Denied::InsufficientScope { .. } => ("permission_error", "insufficient_scope"),
                Denied::Store(StoreError::Unavailable(_)) => ("api_error", "temporarily_unavailable"),
                Denied::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => {
                    ("api_error", "internal_error")
                }
            },
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotFound(message) => (*message).to_owned(),
            Self::BadRequest(message)
            | Self::Invalid { message, .. }
            | Self::Forbidden { message, .. }
            | Self::Ended(message) => message.clone(),
            Self::IdempotencyConflict => {
                "This Idempotency-Key was used for another request. Use a new one for each thing to be done."
                    .to_owned()
            }
            Self::TooLarge => format!("The body is larger than {LARGEST_BODY} bytes."),
            Self::ContentType => "The body must be application/json.".to_owned(),
            Self::RateLimited(Exceeded { quota, .. }) => {
                format!("Rate limited: {} ({})", quota.policy, quota.in_words())
            }
            Self::Denied(denied) => denied.message(),
        }
    }
}

impl ApiError {
    /// What is said to the client.
    pub fn body(&self) -> Value {
        let (kind, code) = self.names();
        let mut body = envelope(kind, code, &self.message());
        let error = &mut body["error"];
        match self {
            Self::Invalid { field, .. } => error["param"] = json!(field),
            Self::Denied(Denied::SwitchedOff { name, slug, settings_url }) => {
                error["organization"] = json!({ "name": name, "slug": slug });
                error["settings_url"] = json!(settings_url);
            }
            Self::Denied(Denied::InsufficientScope { required, .. }) => {
                error["required_scopes"] = json!(required.iter().collect::<Vec<_>>());
            }
            Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Forbidden { .. }
            | Self::Ended(_)
            | Self::IdempotencyConflict
            | Self::TooLarge
            | Self::ContentType
            | Self::RateLimited(_)
            | Self::Denied(_) => {}
        }
        body
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Ended(_) | Self::IdempotencyConflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Denied(denied) => denied.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if let Self::RateLimited(Exceeded { quota, retry_after }) = self {
            tracing::info!(request_id = request_id::current(), policy = quota.policy, "rate limited");
            answer.insert_header((RETRY_AFTER, *retry_after));
            let mut answer = answer.json(self.body());
            rate_headers::add(answer.headers_mut(), std::slice::from_ref(quota));
            return answer;
        }
        if let Self::Denied(denied) = self {
            denied.log();
            if let Some(challenge) = denied.challenge() {
                answer.insert_header((WWW_AUTHENTICATE, challenge));
            }
            match denied {
                Denied::InsufficientScope { required, header } => {
                    answer.insert_header((header.as_str(), required.to_string()));
                }
                Denied::Store(StoreError::Unavailable(_)) => {
                    answer.insert_header((RETRY_AFTER, RETRY_SECONDS));
                }
                Denied::Missing
                | Denied::Ambiguous
                | Denied::InQuery
                | Denied::Invalid
                | Denied::Expired
                | Denied::Revoked
                | Denied::SwitchedOff { .. }
                | Denied::AdminsOnly { .. }
                | Denied::KeysOff { .. }
                | Denied::Address
                | Denied::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => {}
            }
        }
        answer.json(self.body())
    }
}

/// `{"error": {...}}`
pub fn envelope(kind: &str, code: &str, message: &str) -> Value {
    json!({ "error": {
        "type": kind,
        "code": code,
        "message": message,
        "request_id": request_id::current(),
    } })
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn rendered(error: ApiError) -> (u16, Option<String>, Value) {
        let answer = error.error_response();
        let challenge =
            answer.headers().get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, challenge, serde_json::from_slice(&body).unwrap())
    }

    #[actix_web::test]
    async fn a_revoked_credential_is_401_and_the_switch_is_403_without_a_challenge() {
        let (status, challenge, body) = rendered(Denied::Revoked.into()).await;
        assert_eq!((status, body["error"]["code"].as_str()), (401, Some("revoked_api_key")));
        assert!(challenge.unwrap().contains(r#"error="invalid_token""#));

        let off = Denied::SwitchedOff {
            name: "Acme".to_owned(),
            slug: "acme".to_owned(),
            settings_url: "https://auth.example.com/o/acme/settings/api-access".to_owned(),
        };
        let (status, challenge, body) = rendered(off.into()).await;
        assert_eq!((status, body["error"]["code"].as_str()), (403, Some("personal_tokens_disabled")));
        assert_eq!(body["error"]["organization"], json!({ "name": "Acme", "slug": "acme" }));
        assert_eq!(challenge, None, "a challenge would make tools sign in again and again");
    }

    #[actix_web::test]
    async fn nothing_of_the_database_leaks() {
        let (status, _, body) = rendered(StoreError::Failed("table users".to_owned()).into()).await;
        assert_eq!((status, body["error"]["type"].as_str()), (500, Some("api_error")));
        assert!(!body.to_string().contains("users"));
    }
}
