//! Request ids, in responses, log lines and audit events.

use std::borrow::Cow;

use actix_web::http::header::HeaderMap;

use crate::domain::entropy::Entropy;
use crate::domain::id::IdKind;
use crate::domain::token_mask::mask;

pub const HEADER: &str = "x-request-id";

/// Maximum length of a request id from a client.
const MAX_LENGTH: usize = 64;

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the current task's request; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(String::clone).unwrap_or_default()
}

/// Runs a future with a current request id.
pub(super) async fn run_with<F: Future>(id: String, answer: F) -> F::Output {
    CURRENT.scope(id, answer).await
}

/// The request id sent by the client if it is well-formed, or a new one. An id that contains a token is not
/// used, because ids are logged.
pub(super) fn choose(headers: &HeaderMap, token_prefix: &str, entropy: Entropy) -> String {
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if well_formed(id) && matches!(mask(id, token_prefix), Cow::Borrowed(_)) => id.to_owned(),
        Some(_) | None => IdKind::Request.new_id(entropy),
    }
}

fn well_formed(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn chosen(given: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(HEADER), HeaderValue::from_str(given).unwrap());
        choose(&headers, "acme", Entropy)
    }

    #[test]
    fn a_well_formed_id_is_kept_and_any_other_replaced() {
        assert_eq!(chosen("trace-1.a_B"), "trace-1.a_B");
        for bad in ["", "a b", "a\tb", "<script>", &"a".repeat(65), "acme_live_abc", "x-keystile_pat_abc"] {
            assert!(chosen(bad).starts_with("req_"), "{bad}");
        }
        assert!(choose(&HeaderMap::new(), "acme", Entropy).starts_with("req_"));
    }
}
