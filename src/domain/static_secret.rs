//! The secrets of API keys and personal tokens: format, and what is stored of them.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::credential::CredentialKind;
use super::entropy::Entropy;
use super::secret::{Digest, Secret};
use super::text_enum::text_enum;
use keystile_key_format::{CHECKSUM_LENGTH, SECRET_LENGTH, checksum_holds, compose};

text_enum! {
    /// Whether a key is for live data or for tests.
    Mode {
        Live = "live",
        Test = "test",
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a key mode"))
    }
}

/// The kind of a static credential, which its secret starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaticKind {
    ApiKey(Mode),
    PersonalToken,
}

impl StaticKind {
    const ALL: [Self; 3] = [Self::ApiKey(Mode::Live), Self::ApiKey(Mode::Test), Self::PersonalToken];

    pub fn credential_kind(self) -> CredentialKind {
        match self {
            Self::ApiKey(_) => CredentialKind::ApiKey,
            Self::PersonalToken => CredentialKind::PersonalToken,
        }
    }

    pub fn mode(self) -> Option<Mode> {
        match self {
            Self::ApiKey(mode) => Some(mode),
            Self::PersonalToken => None,
        }
    }

    /// The start of secrets of this kind, such as `keystile_live_`.
    pub fn full_prefix(self, prefix: &str) -> String {
        let label = match self {
            Self::ApiKey(mode) => mode.as_str(),
            Self::PersonalToken => "pat",
        };
        format!("{prefix}_{label}_")
    }
}

/// Classification of a presented secret by its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// A static secret with a valid checksum.
    Static(StaticKind),
    /// Starts like a static secret, but is mistyped, truncated or made up.
    Damaged,
    Other,
}

impl SecretForm {
    pub fn of(prefix: &str, text: &str) -> Self {
        let Some((kind, rest)) = StaticKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(kind.full_prefix(prefix).as_str())?)))
        else {
            return Self::Other;
        };
        let whole = rest.len() == SECRET_LENGTH + CHECKSUM_LENGTH
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && checksum_holds(text);
        if whole { Self::Static(kind) } else { Self::Damaged }
    }
}

/// A new secret, and what is stored of it.
#[derive(Debug)]
pub struct Minted {
    pub secret: Secret,
    pub digest: Digest,
    pub display_prefix: String,
    pub last_four: String,
}

/// Generates a new secret.
pub fn mint(prefix: &str, kind: StaticKind, entropy: Entropy) -> Minted {
    let display_prefix = kind.full_prefix(prefix);
    let secret = Secret::new(compose(&display_prefix, &entropy.bytes::<32>()));
    let text = secret.expose();
    let last_four = text[text.len() - 4..].to_owned();
    Minted { digest: secret.digest(), display_prefix, last_four, secret }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ak_01_a_new_secret_starts_with_its_kind_and_ends_with_its_checksum() {
        for kind in StaticKind::ALL {
            let minted = mint("acme", kind, Entropy);
            let text = minted.secret.expose();
            assert!(text.starts_with(&minted.display_prefix) && text.ends_with(&minted.last_four));
            assert_eq!(text.len(), minted.display_prefix.len() + SECRET_LENGTH + CHECKSUM_LENGTH);
            assert_eq!(SecretForm::of("acme", text), SecretForm::Static(kind));
            assert_eq!(minted.digest, Digest::of(text));
        }
    }

    #[test]
    fn ak_02_a_changed_or_cut_secret_is_damaged_and_anything_else_is_other() {
        let text = mint("acme", StaticKind::ApiKey(Mode::Live), Entropy).secret.expose().to_owned();
        for damaged in [
            &text[..text.len() - 1],
            &format!("{text}x"),
            &text.replacen("_live_", "_test_", 1),
            "acme_pat_ü",
        ] {
            assert_eq!(SecretForm::of("acme", damaged), SecretForm::Damaged, "{damaged}");
        }
        for other in ["", "acme", "acme_rt_x", "eyJ0", "keystile_live_x", &format!(" {text}")] {
            assert_eq!(SecretForm::of("acme", other), SecretForm::Other, "{other}");
        }
    }
}
