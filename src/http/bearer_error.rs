//! Errors of OAuth endpoints with bearer authentication.

use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use super::api_auth::Denied;
use super::oauth_failure::RETRY_SECONDS;
use crate::domain::oauth_error::{
    ADDRESS_NOT_ALLOWED, API_KEYS_DISABLED, PERSONAL_TOKENS_ADMINS_ONLY, PERSONAL_TOKENS_DISABLED,
};
use crate::store::StoreError;

/// An error response of RFC 6750.
#[derive(Debug)]
pub(super) struct BearerErrorResponse(pub Denied);

impl std::fmt::Display for BearerErrorResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message())
    }
}

impl BearerErrorResponse {
    fn code(&self) -> Option<&'static str> {
        match &self.0 {
            Denied::Missing => None,
            Denied::Ambiguous | Denied::InQuery => Some("invalid_request"),
            Denied::Invalid | Denied::Expired | Denied::Revoked => Some("invalid_token"),
            Denied::InsufficientScope { .. } => Some("insufficient_scope"),
            Denied::SwitchedOff { .. }
            | Denied::AdminsOnly { .. }
            | Denied::KeysOff { .. }
            | Denied::Address => Some("access_denied"),
            Denied::Store(StoreError::Unavailable(_)) => Some("temporarily_unavailable"),
            Denied::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => Some("server_error"),
        }
    }
}

impl ResponseError for BearerErrorResponse {
    fn status_code(&self) -> actix_web::http::StatusCode {
        self.0.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.0.log();
        let mut answer = HttpResponse::build(self.0.status());
        if let Some(challenge) = self.0.challenge() {
            answer.insert_header((WWW_AUTHENTICATE, challenge));
        }
        let Some(code) = self.code() else { return answer.finish() };
        let mut body = json!({ "error": code, "error_description": self.0.message() });
        match &self.0 {
            Denied::SwitchedOff { .. } => body["error_code"] = json!(PERSONAL_TOKENS_DISABLED),
            Denied::AdminsOnly { .. } => body["error_code"] = json!(PERSONAL_TOKENS_ADMINS_ONLY),
            Denied::KeysOff { .. } => body["error_code"] = json!(API_KEYS_DISABLED),
            Denied::Address => body["error_code"] = json!(ADDRESS_NOT_ALLOWED),
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
            | Denied::Store(StoreError::Conflict(_) | StoreError::Failed(_)) => {}
        }
        answer.json(body)
    }
}
