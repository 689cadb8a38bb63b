//! Shared parts of responses that come from no handler.

use actix_web::dev::RequestHead;
use actix_web::http::header::ACCEPT;
use serde_json::{Value, json};

use crate::config::Issuer;

/// Format of an error response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// HTML page, for browsers.
    Page,
    /// Error object of the management API.
    Api,
    /// Error of RFC 6749, for everything else.
    OAuth,
}

impl ErrorFormat {
    pub(super) fn of(public_url: &Issuer, head: &RequestHead) -> Self {
        let accepts = head.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if accepts.contains("text/html") {
            Self::Page
        } else if public_url.below(head.uri.path()).is_some_and(|path| path.starts_with("/api/")) {
            Self::Api
        } else {
            Self::OAuth
        }
    }
}

/// The error object of the management API.
pub(super) fn api_error(family: &str, code: &str, message: &str, request_id: &str) -> Value {
    json!({ "type": family, "code": code, "message": message, "request_id": request_id })
}

/// A page without styles, with `html` below its heading: the stylesheet may be unavailable too.
pub(super) fn page(heading: &str, html: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{heading}</title>\n<main>\n<h1>{heading}</h1>\n{html}\n</main>\n</html>\n"
    )
}
