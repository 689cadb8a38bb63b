//! The answer to a request for another host: where this server is, for people and for programs.

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ContentType, HeaderValue, VARY};
use serde_json::json;

use crate::config::Issuer;

/// The code of the error, in either shape.
const CODE: &str = "misdirected_request";

/// A page if a browser asks, else JSON. The address that was asked for is not repeated: it came from outside.
pub(super) fn answer(public_url: &Issuer, head: &RequestHead, request_id: &str) -> HttpResponse {
    let message = format!("This server is reached at {public_url}.");
    let accepts = head.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut answer = HttpResponse::build(StatusCode::MISDIRECTED_REQUEST);
    answer.insert_header((VARY, HeaderValue::from_static("Accept")));
    if accepts.contains("text/html") {
        return answer.content_type(ContentType::html()).body(page(public_url));
    }
    let of_api = public_url.below(head.uri.path()).is_some_and(|path| path.starts_with("/api/"));
    answer.json(if of_api {
        let error =
            json!({ "type": "invalid_request", "code": CODE, "message": message, "request_id": request_id });
        json!({ "error": error, "public_url": public_url.as_str() })
    } else {
        json!({ "error": CODE, "error_description": message, "public_url": public_url.as_str() })
    })
}

/// A page without styles: a browser would ask for them at the same wrong address.
fn page(public_url: &Issuer) -> String {
    // A URL in its normal form holds no other character that HTML gives a meaning.
    let url = public_url.as_str().replace('&', "&amp;").replace('\'', "&#39;");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Wrong address</title>\n<main>\n<h1>Wrong address</h1>\n\
         <p>This server is reached at <a href=\"{url}\">{url}</a>.</p>\n</main>\n</html>\n"
    )
}
