//! The response to a request for another host: names this server's URL.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, HeaderValue, VARY};
use serde_json::json;

use super::unstyled::{self, ErrorFormat};
use crate::config::Issuer;

/// Error code, in both formats.
const CODE: &str = "misdirected_request";

/// A page for browsers, otherwise JSON. The requested host is not echoed: it is untrusted.
pub(super) fn answer(public_url: &Issuer, head: &RequestHead, request_id: &str) -> HttpResponse {
    let message = format!("This server is reached at {public_url}.");
    let mut answer = HttpResponse::build(StatusCode::MISDIRECTED_REQUEST);
    answer.insert_header((VARY, HeaderValue::from_static("Accept")));
    match ErrorFormat::of(public_url, head) {
        ErrorFormat::Page => answer.content_type(ContentType::html()).body(page(public_url)),
        ErrorFormat::Api => {
            let error = unstyled::api_error("invalid_request", CODE, &message, request_id);
            answer.json(json!({ "error": error, "public_url": public_url.as_str() }))
        }
        ErrorFormat::OAuth => answer
            .json(json!({ "error": CODE, "error_description": message, "public_url": public_url.as_str() })),
    }
}

fn page(public_url: &Issuer) -> String {
    // A normalized URL contains no other HTML special character.
    let url = public_url.as_str().replace('&', "&amp;").replace('\'', "&#39;");
    unstyled::page("Wrong address", &format!("<p>This server is reached at <a href=\"{url}\">{url}</a>.</p>"))
}
