//! Secrets in memory.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

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

    /// The prefix and the last four characters: `acme_live_…9f2c`. A short credential is shown without its last
    /// characters.
    pub fn masked(&self) -> String {
        let head = self.0.rfind('_').map_or("", |at| &self.0[..=at]);
        let tail = self.0.len().checked_sub(4).filter(|at| *at >= head.len() + 8);
        match tail.and_then(|at| self.0.get(at..)) {
            Some(tail) => format!("{head}…{tail}"),
            None => format!("{head}…"),
        }
    }
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

    #[test]
    fn a_secret_shows_its_prefix_and_tail_only() {
        let secret = Secret::new("acme_live_0123456789abcdefghij9f2c");
        assert_eq!(secret.masked(), "acme_live_…9f2c");
        assert_eq!(format!("{secret:?}"), "[redacted]");
    }

    #[test]
    fn a_short_secret_shows_no_tail() {
        assert_eq!(Secret::new("acme_live_abcd").masked(), "acme_live_…");
        assert_eq!(Secret::new("hunter2").masked(), "…");
    }
}
