//! Rate limit headers: draft-ietf-httpapi-ratelimit-headers.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::rate_policy::Quota;

const LEFT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Adds both headers if there are quotas. Policy names need no escaping in quotes.
pub(super) fn add(headers: &mut HeaderMap, quotas: &[Quota]) {
    let left = |quota: &Quota| format!("\"{}\";r={};t={}", quota.policy, quota.remaining, quota.reset);
    let policy =
        |quota: &Quota| format!("\"{}\";q={};w={}", quota.policy, quota.limit, quota.window.num_seconds());
    put(headers, LEFT, &quotas.iter().map(left).collect::<Vec<_>>());
    put(headers, POLICY, &quotas.iter().map(policy).collect::<Vec<_>>());
}

fn put(headers: &mut HeaderMap, name: HeaderName, items: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&items.join(", "))
        && !items.is_empty()
    {
        headers.insert(name, value);
    }
}
