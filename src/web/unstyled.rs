//! What answers that no handler gives have in common.

use actix_web::dev::RequestHead;
use actix_web::http::header::ACCEPT;
use serde_json::{Value, json};

use crate::config::Issuer;

/// In which shape a request is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// A browser gets a page.
    Page,
    /// A call of the management API gets its error object.
    Api,
    /// Everything else gets that of RFC 6749.
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

/// A page without styles, with `html` below its heading: a browser may not get the styles either.
pub(super) fn page(heading: &str, html: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{heading}</title>\n<main>\n<h1>{heading}</h1>\n{html}\n</main>\n</html>\n"
    )
}
