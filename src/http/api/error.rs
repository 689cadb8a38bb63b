//! Errors of the management API, all in one envelope.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::error_code::{ErrorCode, ErrorType};
use super::rate_headers;
use crate::domain::rate_policy::RateLimitExceeded;
use crate::http::auth_error;
use crate::services::auth_error::AuthError;
use crate::services::refusal::{ForbiddenCode, ServiceRefusal};
use crate::store::{StoreError, TxError};
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
    /// The organization would have no owner left who can sign in.
    LastOwner {
        organization: String,
    },
    /// The idempotency key was used with another request.
    IdempotencyConflict,
    TooLarge,
    /// The body is not JSON.
    ContentType,
    RateLimited(RateLimitExceeded),
    Auth(AuthError),
    Store(StoreError),
}

impl From<RateLimitExceeded> for ApiError {
    fn from(exceeded: RateLimitExceeded) -> Self {
        Self::RateLimited(exceeded)
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> From<TxError<E>> for ApiError
where
    Self: From<E>,
{
    fn from(error: TxError<E>) -> Self {
        match error {
            TxError::Refused(refusal) => refusal.into(),
            TxError::Store(error) => error.into(),
        }
    }
}

impl ApiError {
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// The API error of a refusal.
    pub fn refused(app: &App, refusal: ServiceRefusal) -> Self {
        match refusal {
            ServiceRefusal::Credential(error) => Self::Auth(error),
            ServiceRefusal::NotFound(message) => Self::NotFound(message),
            ServiceRefusal::MissingScopes(scopes) => {
                Self::Auth(AuthError::insufficient_scope(&app.config, scopes))
            }
            ServiceRefusal::Forbidden { code, message } => Self::Forbidden { code, message },
            ServiceRefusal::Invalid { field, message } => Self::Invalid { field, message },
            ServiceRefusal::Ended(message) => Self::Ended(message),
            ServiceRefusal::LastOwner { organization } => Self::LastOwner { organization },
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
                ForbiddenCode::NeedsPerson => ErrorCode::NeedsPerson,
            },
            Self::Ended(_) => ErrorCode::Ended,
            Self::LastOwner { .. } => ErrorCode::LastOwner,
            Self::IdempotencyConflict => ErrorCode::IdempotencyConflict,
            Self::TooLarge => ErrorCode::TooLarge,
            Self::ContentType => ErrorCode::UnsupportedMediaType,
            Self::RateLimited(_) => ErrorCode::RateLimited,
            Self::Auth(error) => auth_error::row(error).api_code,
            Self::Store(error) => auth_error::store_row(error).api_code,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotFound(message) => (*message).to_owned(),
            Self::BadRequest(message)
            | Self::Invalid { message, .. }
            | Self::Forbidden { message, .. }
            | Self::Ended(message) => message.clone(),
            Self::LastOwner { organization } => {
                format!("Nobody would be left to manage {organization}: it needs an owner who can sign in.")
            }
            Self::IdempotencyConflict => {
                "This Idempotency-Key was used for another request. Use a new one for each operation."
                    .to_owned()
            }
            Self::TooLarge => format!("The body is larger than {MAX_BODY} bytes."),
            Self::ContentType => "The body must be application/json.".to_owned(),
            Self::RateLimited(RateLimitExceeded { quota, .. }) => {
                format!("Rate limited: {} ({})", quota.policy, quota.in_words())
            }
            Self::Auth(error) => auth_error::row(error).message,
            Self::Store(error) => auth_error::store_row(error).message,
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
            Self::Auth(AuthError::PersonalTokensOff { organization, slug, settings_url }) => {
                error.organization = Some(SwitchedOff { name: organization.clone(), slug: slug.clone() });
                error.settings_url = Some(settings_url.clone());
            }
            Self::Auth(AuthError::InsufficientScope { required, .. }) => {
                error.required_scopes = Some(required.iter().map(str::to_owned).collect());
            }
            Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Forbidden { .. }
            | Self::Ended(_)
            | Self::LastOwner { .. }
            | Self::IdempotencyConflict
            | Self::TooLarge
            | Self::ContentType
            | Self::RateLimited(_)
            | Self::Auth(_)
            | Self::Store(_) => {}
        }
        body
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Auth(error) => auth_error::row(error).status,
            Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Invalid { .. }
            | Self::Forbidden { .. }
            | Self::Ended(_)
            | Self::LastOwner { .. }
            | Self::IdempotencyConflict
            | Self::TooLarge
            | Self::ContentType
            | Self::RateLimited(_)
            | Self::Store(_) => self.code().status(),
        }
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
            Self::Auth(error) => {
                let row = auth_error::row(error);
                auth_error::log_refused(&row);
                row.add_headers(&mut answer);
            }
            Self::Store(error) => {
                auth_error::log_store(error);
                auth_error::store_row(error).add_headers(&mut answer);
            }
            Self::BadRequest(_)
            | Self::NotFound(_)
            | Self::Invalid { .. }
            | Self::Forbidden { .. }
            | Self::Ended(_)
            | Self::LastOwner { .. }
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

/// The error.
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
    /// With `personal_tokens_disabled`: the organization that does not allow them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    organization: Option<SwitchedOff>,
    /// With `personal_tokens_disabled`: the page on which an owner or admin can turn them on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    settings_url: Option<String>,
}

/// The organization that does not allow personal tokens.
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
    use serde_json::Value;

    use super::*;

    #[actix_web::test]
    async fn nothing_of_the_database_leaks() {
        let answer = ApiError::from(StoreError::Failed("table users".to_owned())).error_response();
        assert_eq!(answer.status().as_u16(), 500);
        let body: Value = serde_json::from_slice(&to_bytes(answer.into_body()).await.unwrap()).unwrap();
        assert_eq!(body["error"]["type"], "api_error");
        assert!(!body.to_string().contains("users"));
    }
}
