//! Paths that do not exist.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::api::error::envelope;

const MESSAGE: &str = "There is nothing at this address.";

/// Nothing is here: said in the shape that the rest of the path's family answers in.
pub async fn not_found(request: HttpRequest) -> HttpResponse {
    let mut answer = HttpResponse::NotFound();
    if request.path().contains("/oauth/") {
        answer.json(json!({ "error": "not_found", "error_description": MESSAGE }))
    } else {
        answer.json(envelope("not_found", "not_found", MESSAGE))
    }
}
