//! Installation ids: generated at random once for each installation of a tool, and sent with each refresh.

use super::secret::Secret;

/// An installation id. It does not authenticate and grants nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallationId(Secret);

impl InstallationId {
    /// `None` unless it has 16 to 128 letters, digits, `.`, `_`, `~` and `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte));
        (plain && (16..=128).contains(&text.len())).then(|| Self(Secret::new(text)))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_id_has_16_to_128_unreserved_characters() {
        for good in ["0123456789abcdef", "6f1e3a52-9c1b-4d0e-8a57-0d2f6f0a9b11", &"a".repeat(128)] {
            assert_eq!(InstallationId::parse(good).unwrap().expose(), good);
        }
        for bad in ["", "0123456789abcde", "0123456789 abcdef", "0123456789äbcdef", &"a".repeat(129)] {
            assert_eq!(InstallationId::parse(bad), None, "{bad}");
        }
    }
}
