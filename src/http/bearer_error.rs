//! Errors of the OAuth endpoints at which a credential is presented: RFC 6750 section 3.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use super::auth_error;
use crate::services::auth_error::AuthError;
use crate::store::TxError;

/// An authentication error in the words of RFC 6750.
#[derive(Debug)]
pub(super) struct BearerErrorResponse(pub TxError<AuthError>);

impl std::fmt::Display for BearerErrorResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&auth_error::row_of(&self.0).message)
    }
}

impl ResponseError for BearerErrorResponse {
    fn status_code(&self) -> StatusCode {
        auth_error::row_of(&self.0).status
    }

    fn error_response(&self) -> HttpResponse {
        let row = auth_error::row_of(&self.0);
        auth_error::log(&self.0, &row);
        let mut answer = HttpResponse::build(row.status);
        row.add_headers(&mut answer);
        let Some(error) = row.oauth_code else { return answer.finish() };
        let mut body = json!({ "error": error.as_str(), "error_description": row.message });
        if let Some(error_code) = row.error_code {
            body["error_code"] = json!(error_code);
        }
        answer.json(body)
    }
}
