//! `[catalog]`

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::section::section;
use crate::config::values::{Parsed, text};

section! {
    /// The catalog of scopes, which `[[scopes]]` fills.
    #[derive(Debug, Clone)]
    pub(in crate::config) struct CatalogSettings = [catalog] {
        /// The version that `GET /api/v1/scopes` reports. Change it when the meaning of a scope changes, so that tools
        /// notice.
        version: String = "v1", version;
    }
}

/// A version of the scope catalog.
fn version(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if (1..=40).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::new("is not a version", "Write letters, digits, dots and dashes, such as \"v1\"."))
    }
}
