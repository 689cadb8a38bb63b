//! Refresh tokens: derived from the session's row and the master key, never stored.
//!
//! Format: `{prefix}_rt_` + base62(version, credential id, generation, tag) + CRC-32. The tag is an HMAC over the id,
//! the generation and the session's random seed. So neither the database nor the master key alone is enough to create a
//! token, and the server can derive the current token again if a response was lost. The HMAC key of version 2 also
//! depends on the issuer.

use crate::domain::secret::Secret;
use keystile_key_format::{base62, checksum, checksum_holds, from_base62};

use super::master::{MasterKey, Purpose};

const ID_LENGTH: usize = 26;
const TAG_LENGTH: usize = 20;
/// Version, id, generation and tag.
const LENGTH: usize = 1 + ID_LENGTH + 8 + TAG_LENGTH;
/// Base62 characters that encode this many bytes.
const CHARACTERS: usize = 74;

/// How a refresh token is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Accepted, but no longer issued: a copy of the deployment under another public URL derives the same tokens.
    First = 1,
    Second = 2,
}

impl Version {
    fn of(byte: u8) -> Option<Self> {
        [Self::First, Self::Second].into_iter().find(|version| *version as u8 == byte)
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::First => Purpose::FirstRefreshToken,
            Self::Second => Purpose::RefreshToken,
        }
    }
}

/// A presented refresh token with a valid format and checksum. Its tag is not verified yet.
#[derive(Clone)]
pub struct ParsedRefreshToken {
    pub version: Version,
    pub credential_id: String,
    pub generation: i64,
    tag: [u8; TAG_LENGTH],
}

/// Derives the refresh token of a generation of a session.
pub fn make(master: &MasterKey, prefix: &str, credential_id: &str, generation: i64, seed: &[u8]) -> Secret {
    make_version(Version::Second, master, prefix, credential_id, generation, seed)
}

/// Like [`make`], for a given version.
pub fn make_version(
    version: Version,
    master: &MasterKey,
    prefix: &str,
    credential_id: &str,
    generation: i64,
    seed: &[u8],
) -> Secret {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.push(version as u8);
    bytes.extend_from_slice(credential_id.as_bytes());
    bytes.extend_from_slice(&generation.to_be_bytes());
    bytes.extend_from_slice(&tag(version, master, credential_id, generation, seed));
    let body = format!("{prefix}_rt_{}", base62(&bytes, CHARACTERS));
    let checksum = checksum(&body);
    Secret::new(body + &checksum)
}

/// Parses a refresh token; `None` if this server cannot have issued it.
pub fn parse(prefix: &str, text: &str) -> Option<ParsedRefreshToken> {
    let rest = text.strip_prefix(prefix)?.strip_prefix("_rt_")?;
    if rest.len() != CHARACTERS + keystile_key_format::CHECKSUM_LENGTH || !checksum_holds(text) {
        return None;
    }
    let bytes = from_base62(&rest[..CHARACTERS], LENGTH)?;
    let (version, rest) = bytes.split_first()?;
    let (id, rest) = rest.split_at(ID_LENGTH);
    let (generation, tag) = rest.split_at(8);
    Some(ParsedRefreshToken {
        version: Version::of(*version)?,
        // The checksum does not authenticate the token, so the id may be anything.
        credential_id: String::from_utf8(id.to_vec())
            .ok()
            .filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))?,
        generation: i64::from_be_bytes(generation.try_into().ok()?),
        tag: tag.try_into().ok()?,
    })
}

impl ParsedRefreshToken {
    /// Whether the tag is valid for the session with this seed.
    pub fn verify_tag(&self, master: &MasterKey, seed: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        tag(self.version, master, &self.credential_id, self.generation, seed).ct_eq(&self.tag).into()
    }
}

fn tag(
    version: Version,
    master: &MasterKey,
    credential_id: &str,
    generation: i64,
    seed: &[u8],
) -> [u8; TAG_LENGTH] {
    let full = master
        .mac(version.purpose(), &[b"refresh", credential_id.as_bytes(), &generation.to_be_bytes(), seed]);
    let mut tag = [0; TAG_LENGTH];
    tag.copy_from_slice(&full[..TAG_LENGTH]);
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::Entropy;
    use crate::domain::id::IdKind;

    const ISSUER: &str = "https://auth.example.com";

    #[test]
    fn a_token_of_another_issuer_does_not_verify_and_one_of_the_first_version_still_does() {
        let (ours, copy) =
            (MasterKey::new(&[3; 32], ISSUER), MasterKey::new(&[3; 32], "https://staging.example"));
        let id = IdKind::CliSession.new_id(Entropy);
        let staged = parse("keystile", make(&copy, "keystile", &id, 1, &[9; 32]).expose()).unwrap();
        assert!(staged.verify_tag(&copy, &[9; 32]) && !staged.verify_tag(&ours, &[9; 32]));
        let first = make_version(Version::First, &copy, "keystile", &id, 1, &[9; 32]);
        let first = parse("keystile", first.expose()).unwrap();
        assert_eq!(first.version, Version::First);
        assert!(first.verify_tag(&ours, &[9; 32]));
    }

    #[test]
    fn the_tag_of_one_version_does_not_verify_as_the_other() {
        let master = MasterKey::new(&[3; 32], ISSUER);
        let id = IdKind::CliSession.new_id(Entropy);
        for (version, other) in [(Version::First, Version::Second), (Version::Second, Version::First)] {
            let token = make_version(version, &master, "keystile", &id, 1, &[9; 32]);
            let presented = parse("keystile", token.expose()).unwrap();
            assert!(!ParsedRefreshToken { version: other, ..presented }.verify_tag(&master, &[9; 32]));
        }
    }

    #[test]
    fn a_token_is_verified_and_derived_from_the_row_and_the_master_key() {
        let master = MasterKey::new(&[3; 32], ISSUER);
        let id = IdKind::CliSession.new_id(Entropy);
        let token = make(&master, "keystile", &id, 41, &[9; 32]);
        assert_eq!(token.expose(), make(&master, "keystile", &id, 41, &[9; 32]).expose());
        let presented = parse("keystile", token.expose()).unwrap();
        assert_eq!((presented.credential_id.as_str(), presented.generation), (id.as_str(), 41));
        assert!(presented.verify_tag(&master, &[9; 32]));
        assert!(!presented.verify_tag(&master, &[8; 32]));
        assert!(!presented.verify_tag(&MasterKey::new(&[4; 32], ISSUER), &[9; 32]));
    }

    #[test]
    fn an_id_of_other_characters_never_reaches_the_database() {
        let master = MasterKey::new(&[3; 32], ISSUER);
        for start in ["ses_\0", "ses_';--", "ses_ü"] {
            let id = format!("{start}{}", "a".repeat(ID_LENGTH - start.len()));
            assert!(
                parse("keystile", make(&master, "keystile", &id, 1, &[9; 32]).expose()).is_none(),
                "{id}"
            );
        }
    }

    #[test]
    fn a_token_of_another_brand_or_with_a_changed_character_is_not_parsed() {
        let master = MasterKey::new(&[3; 32], ISSUER);
        let token = make(&master, "keystile", &IdKind::CliSession.new_id(Entropy), 1, &[9; 32]);
        assert!(parse("acme", token.expose()).is_none());
        let changed = token.expose().replacen(|c: char| c.is_ascii_digit(), "z", 1);
        assert!(parse("keystile", &changed).is_none());
        for text in ["", "keystile_rt_", "keystile_rt_ü", &"keystile_rt_".repeat(30)] {
            assert!(parse("keystile", text).is_none());
        }
    }
}
