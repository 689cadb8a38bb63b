//! Masks tokens in text of other sources, such as log lines.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use memchr::memmem;

/// Default prefix of tokens and keys. Masked even if another one is configured, because people paste tokens of other
/// deployments.
const DEFAULT_PREFIX: &str = "keystile";
/// The part after the prefix of API keys, personal tokens and refresh tokens.
const KINDS: [&str; 4] = ["_live_", "_test_", "_pat_", "_rt_"];
/// The start of every JWT: `{"` in base64url.
const JWT: &str = "eyJ";
/// Minimum length of a JWT; shorter words with the same start are not masked.
const MIN_JWT: usize = 20;
const MASK: &str = "[redacted]";

/// Replaces the secret part of each token by `[redacted]`, as in `keystile_live_[redacted]` and `eyJ[redacted]`.
pub fn mask<'a>(text: &'a str, prefix: &str) -> Cow<'a, str> {
    // Runs for every log line, so it searches for the default prefix only once.
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

/// The secret part of a JWT that starts at `at`.
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
    fn ce_02_only_the_start_of_a_token_is_left() {
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
    fn text_without_a_token_is_unchanged() {
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
