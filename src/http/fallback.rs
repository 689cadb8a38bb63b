//! Paths that do not exist.

use actix_web::error::PathError;
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::json;

use super::api::error::{ApiError, ErrorAnswer};
use super::api::error_code::ErrorCode;
use crate::web::route;

const MESSAGE: &str = "There is nothing at this address.";

/// 404 below `/oauth`, in the format of RFC 6749.
pub async fn no_endpoint() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "not_found", "error_description": MESSAGE }))
}

/// 404 below `/api`, in the format of the management API.
pub async fn no_resource() -> HttpResponse {
    HttpResponse::NotFound().json(ErrorAnswer::new(ErrorCode::NotFound, MESSAGE))
}

/// 404 for a path parameter that is not valid UTF-8, in the format of its route.
pub fn unreadable(error: PathError, request: &HttpRequest) -> Error {
    let of_api = route::of(request).is_some_and(|route| route.starts_with("/api/"));
    if of_api { ApiError::NotFound(MESSAGE).into() } else { error.into() }
}
