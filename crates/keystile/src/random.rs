//! Randomness from the operating system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::ErrorKind;

/// 256 random bits in base64url, for `state` and PKCE verifiers.
pub(crate) fn token() -> Result<String, ErrorKind> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A random UUID (version 4), for `Idempotency-Key`.
pub(crate) fn uuid() -> Result<String, ErrorKind> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

/// A number in `0.0..1.0`, for jitter.
pub(crate) fn fraction() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness only the jitter is missing.
    match fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place of the client that draws randomness")]
fn fill(bytes: &mut [u8]) -> Result<(), ErrorKind> {
    getrandom::fill(bytes).map_err(|error| ErrorKind::LocalFailure {
        what: "draw random numbers".into(),
        cause: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_43_url_safe_characters_and_differ() {
        let (one, two) = (token().unwrap(), token().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, two);
    }

    #[test]
    fn a_uuid_has_version_4() {
        let uuid = uuid().unwrap();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
    }
}
