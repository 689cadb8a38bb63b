//! The name of a profile.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name for one signed-in account: it is part of a file name, so it has few characters to choose from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

/// The text cannot name a profile.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` cannot name a profile: use up to 64 letters, digits, `_` and `-`, and begin with a letter or digit"
)]
pub struct BadProfileName(String);

impl ProfileName {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, BadProfileName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if begins_well && text.len() <= 64 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadProfileName(text.to_owned()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ProfileName {
    fn default() -> Self {
        Self("default".into())
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for ProfileName {
    type Err = BadProfileName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ProfileName {
    type Error = BadProfileName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_name_cannot_leave_its_folder() {
        for text in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a.b", "a b", "é", "-p"] {
            assert!(ProfileName::parse(text).is_err(), "{text}");
        }
        assert!(ProfileName::parse("work-2_eu-west").is_ok());
    }
}
