//! The trace of `-v` and `-vv`. Never contains a query, a body or a credential.

use std::io::Write;
use std::time::Duration;

use oauth2::http::HeaderMap;
use oauth2::{HttpRequest, HttpResponse};

use super::secrets;
use crate::redact::Redactor;

/// Headers with secret values.
const SECRET_HEADERS: [&str; 5] =
    ["authorization", "x-api-key", "cookie", "set-cookie", "proxy-authorization"];

/// Headers with URLs.
const URL_HEADERS: [&str; 4] = ["location", "content-location", "refresh", "link"];

/// Prints debug lines on standard error.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    level: u8,
    redactor: Redactor,
}

impl Trace {
    pub(crate) fn new(level: u8, redactor: Redactor) -> Self {
        Self { level, redactor }
    }

    /// A line of `-v`.
    pub(crate) fn note(&self, text: &str) {
        if self.level >= 1 {
            let line = self.redactor.line(text);
            // Standard error may be closed.
            let _ = writeln!(std::io::stderr(), "[debug] {line}");
        }
    }

    /// Masks the secrets of a request from now on.
    pub(super) fn learn_request(&self, request: &HttpRequest) {
        secrets::of_request(request, |secret| self.redactor.learn(secret));
    }

    /// Masks the secrets of a response from now on.
    pub(super) fn learn_response(&self, response: &HttpResponse) {
        secrets::of_response(response, |secret| self.redactor.learn(secret));
    }

    /// One attempt: `GET /v1/things → 200 (0.42s)`.
    pub(super) fn call(&self, method: &str, path: &str, outcome: &str, took: Duration) {
        self.note(&format!("{method} {path} → {outcome} ({:.2}s)", took.as_secs_f64()));
    }

    /// The headers of a request (`>`) or response (`<`), for `-vv`.
    pub(super) fn headers(&self, direction: char, headers: &HeaderMap) {
        if self.level >= 2 {
            for (name, value) in headers {
                self.note(&format!("{direction} {name}: {}", shown(name.as_str(), value.as_bytes())));
            }
        }
    }
}

fn shown(name: &str, value: &[u8]) -> String {
    if SECRET_HEADERS.contains(&name) {
        return "[redacted]".into();
    }
    let text = String::from_utf8_lossy(value);
    // A redirect may carry a code in its query, and a token in its fragment.
    match text.find(['?', '#']) {
        Some(at) if URL_HEADERS.contains(&name) => format!("{}[redacted]", &text[..=at]),
        Some(_) | None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_headers_and_queries_are_masked() {
        assert_eq!(shown("authorization", b"Bearer eyJ"), "[redacted]");
        assert_eq!(shown("set-cookie", b"sid=1"), "[redacted]");
        assert_eq!(shown("location", b"https://a/callback?code=1"), "https://a/callback?[redacted]");
        assert_eq!(shown("location", b"https://a/#access_token=1"), "https://a/#[redacted]");
        assert_eq!(shown("content-type", b"text/html"), "text/html");
    }
}
