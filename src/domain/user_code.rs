//! The user code, which the device shows and the user types on another one (RFC 8628 section 6.1).

use std::fmt;

use super::code_input;

/// No vowels, so that no words form, and no digits, which could be confused with letters.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;
/// Characters of typed input at most.
const MAX_TYPED: usize = 64;

/// Eight letters. Secret while the request is pending, so `Debug` redacts it.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Derives a code from random bytes; `None` if too few remain after rejecting those that would cause a modulo bias.
    pub fn from_random(bytes: &[u8]) -> Option<Self> {
        let even = bytes.iter().filter(|byte| **byte < 240);
        let letters: String =
            even.take(LETTERS).map(|byte| char::from(ALPHABET[usize::from(byte % 20)])).collect();
        (letters.len() == LETTERS).then_some(Self(letters))
    }

    /// Parses typed input; ignores case, spaces and dashes.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.chars().count() > MAX_TYPED {
            return None;
        }
        let letters: String = code_input::normalize(typed).collect();
        let known = letters.bytes().all(|byte| ALPHABET.contains(&byte));
        (letters.len() == LETTERS && known).then_some(Self(letters))
    }

    /// The letters without the dash.
    pub fn letters(&self) -> &str {
        &self.0
    }

    /// Formatted as both devices show it: `WDJB-MJHT`.
    pub fn formatted(&self) -> String {
        let (first, second) = self.0.split_at(LETTERS / 2);
        format!("{first}-{second}")
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_dashes_do_not_matter() {
        for typed in ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W D J B.M J H T", "ＷＤＪＢ–ＭＪＨＴ"]
        {
            assert_eq!(
                UserCode::parse(typed).map(|code| code.formatted()).as_deref(),
                Some("WDJB-MJHT"),
                "{typed}"
            );
        }
        for bad in
            ["", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "WDJB-MJH7", "ＷＤＪＢＭＪＨЖ", &"W".repeat(100)]
        {
            assert_eq!(UserCode::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn user_codes_have_no_modulo_bias() {
        let code = UserCode::from_random(&[255, 0, 19, 20, 239, 240, 1, 2, 3, 4]).unwrap();
        assert_eq!(code.letters(), "BZBZCDFG");
        assert_eq!(UserCode::from_random(&[250; 32]), None);
        assert_eq!(format!("{code:?}"), "[redacted]");
    }
}
