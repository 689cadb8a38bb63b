//! Checks the format of API keys before any request.

use super::secret::Secret;
use keystile_key_format::{CHECKSUM_LENGTH, SECRET_LENGTH, checksum_holds};

/// Minimum length of a key, prefix included.
pub(crate) const SHORTEST_KEY: usize = 24;

/// Why a value is not an API key of the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyProblem {
    /// It starts with `Bearer `, as in an `Authorization` header.
    Bearer,
    /// It is quoted.
    Quoted,
    /// It has none of the prefixes of the tool.
    UnknownPrefix,
    /// It has fewer than 24 characters.
    TooShort,
    /// It has characters other than ASCII letters and digits after the prefix.
    InvalidCharacter,
    /// It has the length of a Keystile key, and its checksum does not match.
    Checksum,
}

/// Parses a key; surrounding whitespace is removed.
pub(crate) fn parse(text: &str, prefixes: &[String]) -> Result<Secret, KeyProblem> {
    let text = text.trim();
    if text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("bearer ")) {
        return Err(KeyProblem::Bearer);
    }
    if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
        return Err(KeyProblem::Quoted);
    }
    let rest = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix.as_str()));
    let rest = rest.ok_or(KeyProblem::UnknownPrefix)?;
    if text.len() < SHORTEST_KEY {
        return Err(KeyProblem::TooShort);
    }
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(KeyProblem::InvalidCharacter);
    }
    if rest.len() == SECRET_LENGTH + CHECKSUM_LENGTH && !checksum_holds(text) {
        return Err(KeyProblem::Checksum);
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keystile_key_format::compose;

    fn check(text: &str) -> Result<(), KeyProblem> {
        parse(text, &["acme_live_".into(), "acme_test_".into()]).map(drop)
    }

    #[test]
    fn white_space_around_a_key_is_removed() {
        let key = compose("acme_live_", &[7; 32]);
        assert_eq!(check(&format!("  {key}\n")), Ok(()));
    }

    #[test]
    fn each_problem_is_recognized() {
        let key = compose("acme_live_", &[7; 32]);
        let typo = format!("{}x", &key[..key.len() - 1]);
        assert_eq!(check(&format!("Bearer {key}")), Err(KeyProblem::Bearer));
        assert_eq!(check(&format!("\"{key}\"")), Err(KeyProblem::Quoted));
        assert_eq!(check("sk_live_0123456789abcdefghij"), Err(KeyProblem::UnknownPrefix));
        assert_eq!(check("acme_live_0123"), Err(KeyProblem::TooShort));
        assert_eq!(check("acme_live_0123456789-abcdefghij"), Err(KeyProblem::InvalidCharacter));
        assert_eq!(check(&typo), Err(KeyProblem::Checksum));
    }
}
