//! The code of a short sign-in link. Terminal and page both show it, for the user to compare.

use super::code_input;
use super::entropy::Entropy;

/// No vowels, so that no words form, and no characters that are easily confused.
const ALPHABET: &[u8; 28] = b"23456789BCDFGHJKMNPQRSTVWXYZ";

const LENGTH: usize = 8;

/// Eight characters, such as `7KQ2-XM4T`.
pub fn new(entropy: Entropy) -> String {
    let mut code = String::with_capacity(9);
    while code.len() < 9 {
        // Rejects the largest values, to avoid a modulo bias.
        for byte in entropy.bytes::<16>().into_iter().filter(|byte| usize::from(*byte) < 252) {
            if code.len() == 4 {
                code.push('-');
            }
            if code.len() < 9 {
                code.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            }
        }
    }
    code
}

/// Converts a typed code to its stored form; `None` if it cannot be a code.
pub fn canonical(typed: &str) -> Option<String> {
    let letters: Vec<char> = code_input::normalize(typed).take(LENGTH + 1).collect();
    let known = |c: &char| u8::try_from(*c).is_ok_and(|byte| ALPHABET.contains(&byte));
    (letters.len() == LENGTH && letters.iter().all(known))
        .then(|| letters[..4].iter().chain(&['-']).chain(&letters[4..]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_code_is_its_own_canonical_form() {
        for _ in 0..1000 {
            let code = new(Entropy);
            assert_eq!(canonical(&code).as_deref(), Some(code.as_str()));
        }
    }

    #[test]
    fn case_spaces_and_dashes_do_not_matter() {
        for typed in [" 7kq2 xm4t", "7KQ2–XM4T", "７ｋｑ２－ｘｍ４ｔ"] {
            assert_eq!(canonical(typed).as_deref(), Some("7KQ2-XM4T"), "{typed}");
        }
        assert_eq!(canonical("7KQ2-XM4"), None);
        assert_eq!(canonical("7KQ2-XM4A"), None);
    }
}
