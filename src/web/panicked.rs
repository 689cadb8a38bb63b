//! The response to a request whose handler panicked: 500 instead of a closed connection.

use actix_web::HttpResponse;
use actix_web::http::header::ContentType;
use serde_json::json;

use super::unstyled::{self, ErrorFormat};

const MESSAGE: &str = "Something went wrong on the server.";

pub(super) fn answer(face: ErrorFormat, request_id: &str) -> HttpResponse {
    let mut answer = HttpResponse::InternalServerError();
    match face {
        ErrorFormat::Page => {
            let html = format!("<p>Try again. The log has the details under {request_id}.</p>");
            answer.content_type(ContentType::html()).body(unstyled::page("Something went wrong", &html))
        }
        ErrorFormat::Api => answer.json(
            json!({ "error": unstyled::api_error("api_error", "internal_error", MESSAGE, request_id) }),
        ),
        ErrorFormat::OAuth => answer.json(json!({ "error": "server_error", "error_description": MESSAGE })),
    }
}
