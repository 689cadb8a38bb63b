//! Paths that do not exist.

use actix_web::error::PathError;
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::json;

use super::api::error::{ApiError, ErrorAnswer};
use super::api::error_code::ErrorCode;
use crate::web::route;

const MESSAGE: &str = "There is nothing at this address.";

/// No such path below `/oauth`: in the shape of RFC 6749.
pub async fn no_endpoint() -> HttpResponse {
    HttpResponse::NotFound().json(json!({ "error": "not_found", "error_description": MESSAGE }))
}

/// No such path below `/api`: in the shape of the management API.
pub async fn no_resource() -> HttpResponse {
    HttpResponse::NotFound().json(ErrorAnswer::new(ErrorCode::NotFound, MESSAGE))
}

/// A path parameter that is not valid text is a 404, in the shape of its route.
pub fn unreadable(error: PathError, request: &HttpRequest) -> Error {
    let of_api = route::of(request).is_some_and(|route| route.starts_with("/api/"));
    if of_api { ApiError::NotFound(MESSAGE).into() } else { error.into() }
}
