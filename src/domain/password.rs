//! Rules for new passwords (NIST SP 800-63B section 5.1.1.2): long, and not easy to guess.

use zxcvbn::Score;

/// Bytes at most, to bound the cost of hashing.
pub const MAX_BYTES: usize = 1024;
/// Characters that the strength estimate considers, to bound its cost.
const MAX_ESTIMATED: usize = 100;
/// Words taken from each text about the account.
const MAX_CONTEXT_WORDS: usize = 20;
/// Letters and digits that must remain without the words of the account.
const MIN_NEW_CHARACTERS: usize = 8;

/// Why a new password is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("Use at least {least} characters. A few words in a row are easy to remember.")]
    TooShort { least: usize },
    #[error("Use at most 1,024 bytes.")]
    TooLong,
    #[error("This password is easy to guess. Use a few words that do not belong together.")]
    Guessable,
}

/// Checks a new password. `context` is what an attacker would derive guesses from: name, email address, brand.
pub fn check_new(password: &str, least: usize, context: &[&str]) -> Result<(), PasswordError> {
    if password.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    if password.chars().count() < least {
        return Err(PasswordError::TooShort { least });
    }
    let estimated: String = password.chars().take(MAX_ESTIMATED).collect();
    let words: Vec<&str> = context
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).take(MAX_CONTEXT_WORDS))
        .filter(|word| word.len() > 2)
        .collect();
    let strong = zxcvbn::zxcvbn(&estimated, &words).score() >= Score::Three;
    if strong && adds_to_context(&estimated, &words) { Ok(()) } else { Err(PasswordError::Guessable) }
}

/// Whether enough remains of the password without the words of the account. Needed because the estimate counts each of
/// these words as one to be guessed.
fn adds_to_context(password: &str, words: &[&str]) -> bool {
    let password = password.to_lowercase();
    let rest = words.iter().fold(password.clone(), |rest, word| rest.replace(&word.to_lowercase(), ""));
    rest == password || rest.chars().filter(|c| c.is_alphanumeric()).count() >= MIN_NEW_CHARACTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_03_any_character_is_allowed_and_only_length_is_required() {
        for good in ["correct horse battery staple", "ein schöner Tag am See 1", "🐎 battery staple correct"]
        {
            assert_eq!(check_new(good, 15, &[]), Ok(()), "{good}");
        }
        assert_eq!(check_new("short", 15, &[]), Err(PasswordError::TooShort { least: 15 }));
        assert_eq!(check_new(&"a".repeat(1025), 15, &[]), Err(PasswordError::TooLong));
    }

    #[test]
    fn lg_04_common_passwords_and_words_of_the_account_are_refused() {
        for bad in ["passwordpassword", "1234567890123456", "qwertyuiopasdfgh", "aaaaaaaaaaaaaaaaaaa"] {
            assert_eq!(check_new(bad, 15, &[]), Err(PasswordError::Guessable), "{bad}");
        }
        assert_eq!(
            check_new("lovelaceada2026", 15, &["ada.lovelace@example.com"]),
            Err(PasswordError::Guessable)
        );
        assert_eq!(check_new("northwindlabs12", 15, &["Northwind Labs"]), Err(PasswordError::Guessable));
        assert_eq!(check_new("seven lanterns of northwind", 15, &["Northwind Labs"]), Ok(()));
    }
}
