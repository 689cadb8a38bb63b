//! Headers that every answer carries, unless its handler has set them differently.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Nothing is cached, sniffed, framed or told where the reader comes from. An answer that is not a page may not load
/// anything either.
const DEFAULTS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
];

/// Adds what is missing.
pub(super) fn complete(headers: &mut HeaderMap, https: bool) {
    let transport = (STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    for (name, value) in DEFAULTS.into_iter().chain(https.then_some(transport)) {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
