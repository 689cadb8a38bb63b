//! Opaque list cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::time::Time;

pub fn write(at: Time, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", at.micros()))
}

/// Parses a cursor.
pub fn read(cursor: &str) -> Option<(Time, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (micros, id) = text.split_once(' ')?;
    let at = Time::from_micros(micros.parse().ok()?)?;
    // PostgreSQL rejects NUL in text.
    let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| (at, id.to_owned()))
}
