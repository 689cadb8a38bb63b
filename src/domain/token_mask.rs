//! Masks tokens in text from other sources, such as a line of the log.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use memchr::memmem;

/// What tokens and keys begin with unless the configuration says otherwise. Also where it does, people paste those of
/// another deployment.
const DEFAULT_PREFIX: &str = "keystile";
/// What follows the prefix of a key, a personal token and a refresh token.
const KINDS: [&str; 4] = ["_live_", "_test_", "_pat_", "_rt_"];
/// The beginning of every JWT: `{"` in base64url.
const JWT: &str = "eyJ";
/// Shorter words that begin like a JWT are not one.
const MIN_JWT: usize = 20;
const MASK: &str = "[redacted]";

/// The text with `[redacted]` in place of the secret part of each token: `keystile_live_[redacted]`, `eyJ[redacted]`.
pub fn mask<'a>(text: &'a str, prefix: &str) -> Cow<'a, str> {
    // Every line of the log comes here: the usual prefix is looked for once.
    let other = (prefix != DEFAULT_PREFIX).then_some(prefix);
    let mut secrets: Vec<Range<usize>> = iter::once(DEFAULT_PREFIX)
        .chain(other)
        .flat_map(|prefix| find_all(text, prefix).map(|at| at + prefix.len()))
        .filter_map(|end| own(text, end))
        .chain(find_all(text, JWT).filter_map(|at| jwt(text, at)))
        .collect();
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    secrets.sort_by_key(|secret| secret.start);
    let (mut masked, mut from) = (String::with_capacity(text.len()), 0);
    for secret in secrets {
        if secret.start >= from {
            masked.push_str(&text[from..secret.start]);
            masked.push_str(MASK);
        }
        from = from.max(secret.end);
    }
    masked.push_str(&text[from..]);
    Cow::Owned(masked)
}

/// Where the needle begins. Neither end of a match splits a character, as both strings are UTF-8.
fn find_all(text: &str, needle: &str) -> impl Iterator<Item = usize> {
    memmem::find_iter(text.as_bytes(), needle.as_bytes())
}

/// The secret part of a token whose prefix ends at `at`.
fn own(text: &str, at: usize) -> Option<Range<usize>> {
    let kind = KINDS.iter().find(|kind| text[at..].starts_with(**kind))?;
    let start = at + kind.len();
    let length = run(&text[start..], |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    (length > 0).then_some(start..start + length)
}

/// What follows the beginning of a JWT at `at`.
fn jwt(text: &str, at: usize) -> Option<Range<usize>> {
    let inside_a_word = text[..at].bytes().next_back().is_some_and(|b| b.is_ascii_alphanumeric());
    let length = run(&text[at..], |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    (!inside_a_word && length >= MIN_JWT).then_some(at + JWT.len()..at + length)
}

fn run(text: &str, belongs: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| belongs(*byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ce_02_of_a_token_nothing_but_its_beginning_is_left() {
        let secret = "0aZ9".repeat(12);
        for (text, masked) in [
            (format!("/keystile_live_{secret}"), "/keystile_live_[redacted]"),
            (format!("agent=\"x acme_pat_{secret}\" y"), "agent=\"x acme_pat_[redacted]\" y"),
            (
                format!("acme_rt_{secret}{secret},acme_test_{secret}"),
                "acme_rt_[redacted],acme_test_[redacted]",
            ),
            (format!("keystile_live_{}", &secret[..5]), "keystile_live_[redacted]"),
            (format!("Bearer eyJ{secret}.eyJ{secret}.{secret}-_ end"), "Bearer eyJ[redacted] end"),
            (format!("xacme_live_{secret}é"), "xacme_live_[redacted]é"),
            (format!("acme_live_acme_live_{secret}"), "acme_live_[redacted]"),
        ] {
            assert_eq!(mask(&text, "acme"), masked);
        }
    }

    #[test]
    fn a_text_without_a_token_stays_as_it_is() {
        for text in [
            "",
            "keystile",
            "keystile_live_ is a prefix",
            "acme_token_requests",
            "eyJ",
            "monkeyJungleAdventureTime",
            "é",
        ] {
            assert!(matches!(mask(text, "acme"), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
