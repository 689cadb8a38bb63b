//! Errors of the management API, all in one envelope.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::error_code::{ErrorCode, ErrorType};
use super::rate_headers;
use crate::domain::rate_policy::RateLimitExceeded;
use crate::http::api_auth::{self, Denied};
use crate::http::oauth_failure::RETRY_SECONDS;
use crate::services::refusal::{ForbiddenCode, ServiceRefusal};
use crate::store::StoreError;
use crate::web::app::App;
use crate::web::form::MAX_BODY;
use crate::web::request_id;

/// Error response of the API.
#[derive(Debug)]
pub enum ApiError {
    /// The request is malformed; the text says how to fix it.
    BadRequest(String),
    /// The object does not exist, or the caller may not know of it.
    NotFound(&'static str),
    /// A field of the body has an invalid value.
    Invalid {
        field: &'static str,
        message: String,
    },
    /// Forbidden by the organization's policy or the caller's role.
    Forbidden {
        code: ForbiddenCode,
        message: String,
    },
    /// The object has ended and can no longer be changed.
    Ended(String),
    /// The idempotency key was used with another request.
    IdempotencyConflict,
    TooLarge,
    /// The body is not JSON.
    ContentType,
    RateLimited(RateLimitExceeded),
    Denied(Denied),
}

impl From<RateLimitExceeded> for ApiError {
    fn from(exceeded: RateLimitExceeded) -> Self {
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

    /// The API error of a refusal.
    pub fn refused(app: &App, refusal: ServiceRefusal) -> Self {
        match refusal {
            ServiceRefusal::Credential(refused) => Self::Denied(api_auth::denied(app, refused)),
            ServiceRefusal::NotFound(message) => Self::NotFound(message),
            ServiceRefusal::MissingScopes(scopes) => Self::Denied(api_auth::insufficient_scope(app, scopes)),
            ServiceRefusal::Forbidden { code, message } => Self::Forbidden { code, message },
            ServiceRefusal::Invalid { field, message } => Self::Invalid { field, message },
            ServiceRefusal::Ended(message) => Self::Ended(message),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl ApiError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::BadRequest(_) => ErrorCode::InvalidRequest,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Invalid { .. } => ErrorCode::InvalidParameter,
            Self::Forbidden { code, .. } => match code {
                ForbiddenCode::KeysOff => ErrorCode::ApiKeysDisabled,
                ForbiddenCode::PersonalTokensOff => ErrorCode::PersonalTokensDisabled,
                ForbiddenCode::NotPermitted => ErrorCode::NotPermitted,
            },
            Self::Ended(_) => ErrorCode::Ended,
            Self::IdempotencyConflict => ErrorCode::IdempotencyConflict,
            Self::TooLarge => ErrorCode::TooLarge,
            Self::ContentType => ErrorCode::UnsupportedMediaType,
            Self::RateLimited(_) => ErrorCode::RateLimited,
            Self::Denied(denied) => match denied {
                Denied::Ambiguous => ErrorCode::AmbiguousCredentials,
                Denied::InQuery => ErrorCode::CredentialInQuery,
                Denied::Missing => ErrorCode::MissingCredential,
                Denied::Invalid => ErrorCode::InvalidApiKey,
                Denied::Expired => ErrorCode::ExpiredApiKey,
                Denied::Revoked => ErrorCode::RevokedApiKey,
                Denied::SwitchedOff { .. } => ErrorCode::PersonalTokensDisabled,
                Denied::AdminsOnly { .. } => ErrorCode::PersonalTokensAdminsOnly,
                Denied::KeysOff { .. } => ErrorCode::ApiKeysDisabled,
                Denied::Address => ErrorCode::AddressNotAllowed,
                Denied::InsufficientScope { .. } => ErrorCode::InsufficientScope,
                Denied::Store(StoreError::Unavailable(_)) => ErrorCode::TemporarilyUnavailable,
                Denied::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => ErrorCode::InternalError,
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
            Self::TooLarge => format!("The body is larger than {MAX_BODY} bytes."),
            Self::ContentType => "The body must be application/json.".to_owned(),
            Self::RateLimited(RateLimitExceeded { quota, .. }) => {
                format!("Rate limited: {} ({})", quota.policy, quota.in_words())
            }
            Self::Denied(denied) => denied.message(),
        }
    }
}

impl ApiError {
    /// The response body.
    pub fn body(&self) -> ErrorAnswer {
        let mut body = ErrorAnswer::new(self.code(), self.message());
        let error = &mut body.error;
        match self {
            Self::Invalid { field, .. } => error.param = Some(*field),
            Self::Denied(Denied::SwitchedOff { name, slug, settings_url }) => {
                error.organization = Some(SwitchedOff { name: name.clone(), slug: slug.clone() });
                error.settings_url = Some(settings_url.clone());
            }
            Self::Denied(Denied::InsufficientScope { required, .. }) => {
                error.required_scopes = Some(required.iter().map(str::to_owned).collect());
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
        self.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        match self {
            Self::RateLimited(RateLimitExceeded { quota, retry_after }) => {
                tracing::info!(request_id = request_id::current(), policy = quota.policy, "rate limited");
                answer.insert_header((RETRY_AFTER, *retry_after));
                let mut answer = answer.json(self.body());
                rate_headers::add(answer.headers_mut(), std::slice::from_ref(quota));
                return answer;
            }
            Self::Denied(denied) => {
                denied.log();
                if let Some(challenge) = denied.challenge() {
                    answer.insert_header((WWW_AUTHENTICATE, challenge));
                }
                if let Denied::InsufficientScope { required, header } = denied {
                    answer.insert_header((header.as_str(), required.to_string()));
                }
                if let Denied::Store(StoreError::Unavailable(_)) = denied {
                    answer.insert_header((RETRY_AFTER, RETRY_SECONDS));
                }
            }
            Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Invalid { .. }
            | Self::Forbidden { .. }
            | Self::Ended(_)
            | Self::IdempotencyConflict
            | Self::TooLarge
            | Self::ContentType => {}
        }
        answer.json(self.body())
    }
}

/// `{"error": {...}}`
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorAnswer {
    error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub struct ErrorDetail {
    #[serde(rename = "type")]
    family: ErrorType,
    code: ErrorCode,
    /// For people; it may change.
    message: String,
    /// The same as in the header `X-Request-Id`.
    request_id: String,
    /// With `invalid_parameter`: the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    param: Option<&'static str>,
    /// With `insufficient_scope`: the required scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    required_scopes: Option<Vec<String>>,
    /// With `personal_tokens_disabled`: whose switch is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    organization: Option<SwitchedOff>,
    /// With `personal_tokens_disabled`: where an owner or admin turns it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    settings_url: Option<String>,
}

/// The organization whose switch is off.
#[derive(Serialize, ToSchema)]
pub struct SwitchedOff {
    name: String,
    slug: String,
}

impl ErrorAnswer {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            error: ErrorDetail {
                family: code.family(),
                code,
                message: message.into(),
                request_id: request_id::current(),
                param: None,
                required_scopes: None,
                organization: None,
                settings_url: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

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
