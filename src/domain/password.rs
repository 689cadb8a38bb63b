//! What a new password must be (NIST SP 800-63B section 5.1.1.2): long, and not one that others guess first.

use zxcvbn::Score;

/// Bytes of the longest password. More would only keep the server busy.
pub const LONGEST: usize = 1024;
/// Characters that the strength estimate looks at.
const ESTIMATED: usize = 100;
/// Words that are taken from each text about the account.
const WORDS: usize = 20;
/// Letters and digits that a password must have beside the words that belong to the account.
const NEW: usize = 8;

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("Use at least {least} characters. A few words in a row are easy to remember.")]
    TooShort { least: usize },
    #[error("Use at most 1,024 bytes.")]
    TooLong,
    #[error(
        "This password is among those that others try first. Use a few words that do not belong together."
    )]
    Guessable,
}

/// Checks a new password. `context` is what an attacker who knows the account would try: name, address, brand.
pub fn check_new(password: &str, least: usize, context: &[&str]) -> Result<(), Unfit> {
    if password.len() > LONGEST {
        return Err(Unfit::TooLong);
    }
    if password.chars().count() < least {
        return Err(Unfit::TooShort { least });
    }
    let estimated: String = password.chars().take(ESTIMATED).collect();
    let words: Vec<&str> = context
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).take(WORDS))
        .filter(|word| word.len() > 2)
        .collect();
    let strong = zxcvbn::zxcvbn(&estimated, &words).score() >= Score::Three;
    if strong && says_something_new(&estimated, &words) { Ok(()) } else { Err(Unfit::Guessable) }
}

/// Whether enough is left of a password without the words that belong to the account. The estimate alone counts each
/// of them as a word to be guessed.
fn says_something_new(password: &str, words: &[&str]) -> bool {
    let password = password.to_lowercase();
    let rest = words.iter().fold(password.clone(), |rest, word| rest.replace(&word.to_lowercase(), ""));
    rest == password || rest.chars().filter(|c| c.is_alphanumeric()).count() >= NEW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_03_any_character_counts_and_nothing_is_demanded_but_length() {
        for good in ["correct horse battery staple", "ein schöner Tag am See 1", "🐎 battery staple correct"]
        {
            assert_eq!(check_new(good, 15, &[]), Ok(()), "{good}");
        }
        assert_eq!(check_new("short", 15, &[]), Err(Unfit::TooShort { least: 15 }));
        assert_eq!(check_new(&"a".repeat(1025), 15, &[]), Err(Unfit::TooLong));
    }

    #[test]
    fn lg_04_common_passwords_and_what_belongs_to_the_account_are_refused() {
        for bad in ["passwordpassword", "1234567890123456", "qwertyuiopasdfgh", "aaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(check_new(bad, 15, &[]), Err(Unfit::Guessable), "{bad}");
        }
        assert_eq!(check_new("lovelaceada2026", 15, &["ada.lovelace@example.com"]), Err(Unfit::Guessable));
        assert_eq!(check_new("northwindlabs12", 15, &["Northwind Labs"]), Err(Unfit::Guessable));
        assert_eq!(check_new("seven lanterns of northwind", 15, &["Northwind Labs"]), Ok(()));
    }
}
