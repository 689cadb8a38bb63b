//! Profile names.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::invalid_value::InvalidValue;

/// The name of a profile, which holds one credential. The default is `default`. File names contain it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProfileName(String);

impl ProfileName {
    /// Parses a name: 1 to 64 ASCII letters, digits, `_` and `-`, the first a letter or digit.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let begins_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if begins_well && text.len() <= 64 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new(format!(
                "`{text}` cannot name a profile: use up to 64 letters, digits, `_` and `-`, and begin with a letter or digit"
            )))
        }
    }

    /// The name as text.
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
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ProfileName {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
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
    fn a_profile_name_cannot_name_another_folder() {
        for text in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a.b", "a b", "é", "-p"] {
            assert!(ProfileName::parse(text).is_err(), "{text}");
        }
        assert!(ProfileName::parse("work-2_eu-west").is_ok());
    }
}
