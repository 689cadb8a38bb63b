//! Proof Key for Code Exchange (PKCE, RFC 7636), method S256 only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::secret::equal;

/// A `code_challenge`: the SHA-256 of a verifier in base64url, 43 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge(String);

impl Challenge {
    /// RFC 7636 section 4.2. `None` unless it has the form of a SHA-256 in base64url.
    pub fn parse(text: &str) -> Option<Self> {
        let alphabet = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (text.len() == 43 && alphabet).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares with the challenge of this verifier, RFC 7636 section 4.6.
    pub fn matches(&self, verifier: &Verifier<'_>) -> bool {
        equal(&URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.0.as_bytes())), &self.0)
    }
}

/// A well-formed `code_verifier`: 43 to 128 unreserved characters.
pub struct Verifier<'a>(&'a str);

impl<'a> Verifier<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        ((43..=128).contains(&text.len()) && text.bytes().all(unreserved)).then_some(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_verifies() {
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        let verifier = Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        assert!(challenge.matches(&verifier));
    }

    #[test]
    fn the_challenge_itself_is_no_verifier_for_it() {
        let text = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(!Challenge::parse(text).unwrap().matches(&Verifier::parse(text).unwrap()));
    }

    #[test]
    fn a_challenge_of_another_length_or_alphabet_is_refused() {
        let good = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        for bad in [
            &good[..42],
            &format!("{good}A"),
            &good.replace('-', "+"),
            &good.replace('-', "/"),
            &format!("{}=", &good[..42]),
        ] {
            assert!(Challenge::parse(bad).is_none(), "{bad}");
        }
    }
}
