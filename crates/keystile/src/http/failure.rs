//! The texts of failed requests.

use std::error::Error;

use url::Url;

use crate::base_url::host_of;
use crate::error::{ErrorKind, SELF_SIGNED, UNTRUSTED};

pub(super) const TIMED_OUT: &str = "connection timed out";

pub(super) fn too_large(url: &Url, limit: usize) -> ErrorKind {
    let size =
        if limit.is_multiple_of(1 << 20) { format!("{} MiB", limit >> 20) } else { format!("{limit} bytes") };
    ErrorKind::InvalidResponse {
        host: host_of(url),
        what: format!("Its response to {} is larger than the limit of {size}", url.path()),
    }
}

/// The error of a call that took too long.
pub(crate) fn timed_out(host: String) -> ErrorKind {
    ErrorKind::Unreachable { host, cause: TIMED_OUT.into(), proxy: None }
}

/// The innermost cause. The outer ones only repeat the URL.
pub(crate) fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}

/// The text of the innermost cause, in words for the usual ones.
pub(super) fn cause_of(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return TIMED_OUT.into();
    }
    let innermost = innermost(error);
    match innermost.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => "connection refused".into(),
        Some(std::io::ErrorKind::ConnectionReset) => "connection reset".into(),
        Some(_) | None => {
            let text = innermost.to_string();
            if text.contains("CaUsedAsEndEntity") {
                SELF_SIGNED.into()
            } else if text.contains("UnknownIssuer") {
                UNTRUSTED.into()
            } else if text.contains("lookup") || error.to_string().contains("dns") {
                format!("name not found: {text}")
            } else {
                text
            }
        }
    }
}
