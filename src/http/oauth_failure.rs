//! Error responses of OAuth endpoints: RFC 6749 section 5.2.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use super::RETRY_SECONDS;
use crate::domain::oauth_error::{
    ADDRESS_NOT_ALLOWED, API_KEYS_DISABLED, OAuthCode, OAuthError, PERSONAL_TOKENS_ADMINS_ONLY,
    PERSONAL_TOKENS_DISABLED, RATE_LIMITED, Replaced,
};
use crate::domain::rate_policy::RateLimitExceeded;
use crate::domain::time::Time;
use crate::keys::signer::SignError;
use crate::store::{StoreError, TxError};
use crate::web::form::FormError;
use crate::web::request_id;

/// Error of an OAuth endpoint.
#[derive(Debug)]
pub enum OAuthFailure {
    Refused(OAuthError),
    Form(FormError),
    Store(StoreError),
    Signing(SignError),
    TooMany {
        seconds: i64,
    },
    /// A bug.
    Internal(String),
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    error_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(flatten)]
    replaced: Option<ReplacedFields>,
}

/// When the refresh token was replaced: the exact time if the session's last refresh did it.
#[derive(Serialize)]
struct ReplacedFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_before: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_device: Option<bool>,
}

impl From<Replaced> for ReplacedFields {
    fn from(replaced: Replaced) -> Self {
        let at = Some(replaced.last_rotation);
        let exact = replaced.by_last_rotation;
        Self {
            replaced_at: at.filter(|_| exact),
            replaced_before: at.filter(|_| !exact),
            same_device: replaced.same_device,
        }
    }
}

impl From<OAuthError> for OAuthFailure {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

impl From<FormError> for OAuthFailure {
    fn from(error: FormError) -> Self {
        Self::Form(error)
    }
}

impl From<StoreError> for OAuthFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> From<TxError<E>> for OAuthFailure
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

impl From<SignError> for OAuthFailure {
    fn from(error: SignError) -> Self {
        Self::Signing(error)
    }
}

impl From<RateLimitExceeded> for OAuthFailure {
    fn from(RateLimitExceeded { retry_after: seconds, .. }: RateLimitExceeded) -> Self {
        Self::TooMany { seconds }
    }
}

impl fmt::Display for OAuthFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "{}: {}", error.code.as_str(), error.reason),
            Self::Form(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
            Self::Signing(error) => error.fmt(f),
            Self::TooMany { .. } => f.write_str("too many requests"),
            Self::Internal(what) => f.write_str(what),
        }
    }
}

impl OAuthFailure {
    /// The error for the client.
    fn client_facing(&self) -> OAuthError {
        match self {
            Self::Refused(error) => error.clone(),
            Self::Form(error) => OAuthError::invalid_request(format!("The request is malformed: {error}.")),
            Self::Store(StoreError::Unavailable(_)) | Self::Signing(SignError::Busy) => OAuthError::new(
                OAuthCode::TemporarilyUnavailable,
                "The server is temporarily unavailable. Try again in a moment.",
                "unavailable",
            ),
            Self::TooMany { seconds } => OAuthError {
                error_code: Some(RATE_LIMITED),
                ..OAuthError::new(
                    OAuthCode::TemporarilyUnavailable,
                    format!("Too many sign-ins were started from this address. Try again in {seconds} s."),
                    "too many requests",
                )
            },
            Self::Store(StoreError::Conflict(_) | StoreError::Failed(_))
            | Self::Signing(SignError::Failed)
            | Self::Internal(_) => OAuthError::new(
                OAuthCode::ServerError,
                format!("Something went wrong on the server. Reference: {}", request_id::current()),
                "internal error",
            ),
        }
    }

    fn log(&self) {
        let request_id = request_id::current();
        match self {
            Self::Refused(error) => {
                tracing::info!(request_id, error = error.code.as_str(), reason = %error.reason, "refused");
            }
            Self::Form(error) => tracing::info!(request_id, reason = %error, "refused"),
            Self::TooMany { .. } => {
                tracing::warn!(request_id, "too many requests of one address or credential");
            }
            Self::Store(StoreError::Unavailable(_)) | Self::Signing(SignError::Busy) => {
                tracing::warn!(request_id, error = %self, "the request cannot be served now");
            }
            Self::Store(StoreError::Conflict(_) | StoreError::Failed(_))
            | Self::Signing(SignError::Failed)
            | Self::Internal(_) => tracing::error!(request_id, error = %self, "failed"),
        }
    }
}

impl ResponseError for OAuthFailure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Form(FormError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Form(FormError::ContentType) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Form(FormError::Incomplete | FormError::Parameters(_))
            | Self::Refused(_)
            | Self::Store(_)
            | Self::Signing(_)
            | Self::Internal(_) => status(&self.client_facing()),
        }
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let mut answer = answer(&self.client_facing(), self.status_code());
        if let Self::TooMany { seconds } = self {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        answer
    }
}

/// Error codes with status 403.
const FORBIDDEN: [&str; 4] =
    [PERSONAL_TOKENS_DISABLED, PERSONAL_TOKENS_ADMINS_ONLY, API_KEYS_DISABLED, ADDRESS_NOT_ALLOWED];

/// The status of an error. RFC 6749 uses 400 for nearly everything; 403 for organization policies is this
/// server's own.
fn status(error: &OAuthError) -> StatusCode {
    match error.code {
        OAuthCode::AccessDenied if error.error_code.is_some_and(|code| FORBIDDEN.contains(&code)) => {
            StatusCode::FORBIDDEN
        }
        OAuthCode::InsufficientScope => StatusCode::FORBIDDEN,
        OAuthCode::InvalidClient | OAuthCode::InvalidToken => StatusCode::UNAUTHORIZED,
        OAuthCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        OAuthCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        OAuthCode::AccessDenied
        | OAuthCode::AuthorizationPending
        | OAuthCode::ExpiredToken
        | OAuthCode::InvalidGrant
        | OAuthCode::InvalidRequest
        | OAuthCode::InvalidScope
        | OAuthCode::InvalidTarget
        | OAuthCode::RegistrationNotSupported
        | OAuthCode::RequestNotSupported
        | OAuthCode::RequestUriNotSupported
        | OAuthCode::SlowDown
        | OAuthCode::UnauthorizedClient
        | OAuthCode::UnsupportedGrantType
        | OAuthCode::UnsupportedResponseType => StatusCode::BAD_REQUEST,
    }
}

fn answer(error: &OAuthError, status: StatusCode) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.insert_header((RETRY_AFTER, RETRY_SECONDS));
    }
    if error.code == OAuthCode::InvalidClient {
        answer.insert_header((WWW_AUTHENTICATE, r#"Basic realm="oauth", charset="UTF-8""#));
    }
    answer.json(Body {
        error: error.code.as_str(),
        error_code: error.error_code,
        error_description: &error.description,
        organization: error.organization.as_deref(),
        replaced: error.replaced.map(ReplacedFields::from),
    })
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::http::header::HeaderMap;
    use serde_json::Value;

    use super::*;

    async fn rendered(failure: OAuthFailure) -> (u16, HeaderMap, Value) {
        let answer = failure.error_response();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, headers, serde_json::from_slice(&body).unwrap())
    }

    #[actix_web::test]
    async fn the_switch_answers_403_and_says_more_than_the_rfc_has_a_code_for() {
        let (status, _, body) = rendered(OAuthError::personal_tokens_disabled("Acme \"GmbH\"").into()).await;
        assert_eq!(status, 403);
        assert_eq!(body["error"], "access_denied");
        assert_eq!(body["error_code"], "personal_tokens_disabled");
        assert!(!body["error_description"].as_str().unwrap().contains('"'));
        assert_eq!(body["organization"], "Acme \"GmbH\"", "the name itself knows no such limits");
    }

    #[actix_web::test]
    async fn failed_client_authentication_answers_401_with_a_challenge() {
        let (status, headers, body) = rendered(OAuthError::invalid_client("no such client").into()).await;
        assert_eq!((status, body["error"].as_str()), (401, Some("invalid_client")));
        assert!(headers.get(WWW_AUTHENTICATE).unwrap().to_str().unwrap().starts_with("Basic "));
        assert!(!body.to_string().contains("no such client"), "the reason is for the log alone");
    }

    #[actix_web::test]
    async fn an_absent_database_answers_503_and_says_when_to_try_again() {
        let unavailable = StoreError::Unavailable("connection to server at 10.1.2.3 failed".into());
        let (status, headers, body) = rendered(unavailable.into()).await;
        assert_eq!((status, body["error"].as_str()), (503, Some("temporarily_unavailable")));
        assert!(headers.contains_key(RETRY_AFTER));
        assert!(!body.to_string().contains("10.1.2.3"));
    }

    #[actix_web::test]
    async fn a_bug_answers_500_and_leaks_nothing() {
        let (status, _, body) = rendered(StoreError::Failed("table credentials".to_owned()).into()).await;
        assert_eq!((status, body["error"].as_str()), (500, Some("server_error")));
        assert!(!body.to_string().contains("credentials"));
    }

    #[actix_web::test]
    async fn te_02_ht_03_bodies_of_another_type_or_size_have_their_own_status() {
        assert_eq!(rendered(FormError::ContentType.into()).await.0, 415);
        assert_eq!(rendered(FormError::TooLarge.into()).await.0, 413);
        assert_eq!(rendered(FormError::Incomplete.into()).await.0, 400);
    }
}
