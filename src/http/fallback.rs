//! Paths that do not exist.

use actix_web::error::PathError;
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::json;

use super::api::error::{ApiError, ErrorAnswer};
use super::api::error_code::ErrorCode;

const MESSAGE: &str = "There is nothing at this address.";

/// Nothing is here: said in the shape that the rest of the path's family answers in.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::NotFound();
    if request.path().contains("/oauth/") {
        answer.json(json!({ "error": "not_found", "error_description": MESSAGE }))
    } else {
        answer.json(ErrorAnswer::new(ErrorCode::NotFound, MESSAGE))
    }
}

/// A path that says something other than text names nothing either.
pub fn unreadable(error: PathError, request: &HttpRequest) -> Error {
    if request.path().contains("/api/") { ApiError::NotFound(MESSAGE).into() } else { error.into() }
}
