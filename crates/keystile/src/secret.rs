//! Secrets in memory.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::brand::Brand;

/// A credential in memory. Zeroed when dropped; `Debug` is `[redacted]`. Serde reads and writes it in clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a credential.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The credential in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A key of the tool as its prefix and its last four characters: `acme_live_…9f2c`. A short key is shown without its
    /// last characters, and any other credential as `…`.
    pub fn masked(&self, brand: &Brand) -> String {
        mask(&self.0, brand.key_prefixes())
    }
}

/// See [`Secret::masked`].
pub(crate) fn mask(secret: &str, prefixes: &[String]) -> String {
    let Some(prefix) = prefixes.iter().find(|prefix| secret.starts_with(prefix.as_str())) else {
        return "…".into();
    };
    let tail = secret.len().checked_sub(4).filter(|at| *at >= prefix.len() + 8);
    format!("{prefix}…{}", tail.and_then(|at| secret.get(at..)).unwrap_or_default())
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secret: &str) -> String {
        mask(secret, &["acme_live_".into()])
    }

    #[test]
    fn ch_01_a_key_of_the_tool_shows_its_prefix_and_tail_only() {
        assert_eq!(masked("acme_live_0123456789abcdefghij9f2c"), "acme_live_…9f2c");
        assert_eq!(masked("acme_live_01234567_9abcdefghij9f2c"), "acme_live_…9f2c");
        assert_eq!(format!("{:?}", Secret::new("acme_live_0123456789abcdefghij9f2c")), "[redacted]");
    }

    #[test]
    fn ch_01_any_other_credential_shows_nothing() {
        for secret in
            ["hunter2", "eyJhbGciOiJSUzI1NiJ9.eyJz_dWIiOiJ1In0.c2ln", "other_live_0123456789abcdefghij9f2c"]
        {
            assert_eq!(masked(secret), "…");
        }
    }

    #[test]
    fn a_short_secret_shows_no_tail() {
        assert_eq!(masked("acme_live_abcd"), "acme_live_…");
    }
}
