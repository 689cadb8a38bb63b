//! The code that a device shows and a person types on another one: RFC 8628 section 6.1.

use std::fmt;

use super::code_input;

/// No vowels, so that no words form, and no digits, so that nothing is taken for a letter.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const LETTERS: usize = 8;
/// More characters than anybody needs for eight letters.
const MAX_TYPED: usize = 64;

/// Eight letters. They are a secret as long as they are waited for, so they are only printed on purpose.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// Makes a code of random bytes; `None` if too many of them would have favored the front of the alphabet.
    pub fn from_random(bytes: &[u8]) -> Option<Self> {
        let even = bytes.iter().filter(|byte| **byte < 240);
        let letters: String =
            even.take(LETTERS).map(|byte| char::from(ALPHABET[usize::from(byte % 20)])).collect();
        (letters.len() == LETTERS).then_some(Self(letters))
    }

    /// Reads what a person typed, in any case, with spaces and dashes wherever they like.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.chars().count() > MAX_TYPED {
            return None;
        }
        let letters: String = code_input::normalize(typed).collect();
        let known = letters.bytes().all(|byte| ALPHABET.contains(&byte));
        (letters.len() == LETTERS && known).then_some(Self(letters))
    }

    /// The letters alone.
    pub fn letters(&self) -> &str {
        &self.0
    }

    /// As both devices show it: `WDJB-MJHT`.
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
    fn every_letter_is_as_likely_as_every_other() {
        let code = UserCode::from_random(&[255, 0, 19, 20, 239, 240, 1, 2, 3, 4]).unwrap();
        assert_eq!(code.letters(), "BZBZCDFG");
        assert_eq!(UserCode::from_random(&[250; 32]), None);
        assert_eq!(format!("{code:?}"), "[redacted]");
    }
}
