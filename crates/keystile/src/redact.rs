//! Masks secrets in what is printed.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::plain;
use super::secret::{Secret, mask};

/// Parts of the credentials of a Keystile server, after the prefix of the deployment.
const MARKS: [&str; 4] = ["_live_", "_test_", "_pat_", "_rt_"];
/// Shorter words are not credentials.
const SHORTEST: usize = 24;
/// Shorter secrets are not masked wherever they occur: an ordinary word could be one.
const SHORTEST_IN_USE: usize = 8;
/// A word of at least this length that is part of a secret in use is masked as well.
const SHORTEST_PART: usize = 16;
/// A longer word is not a credential.
const LONGEST_WORD: usize = 1 << 20;
/// The number of secrets in use that are remembered. A process of a tool that runs for days would collect more.
const MOST_IN_USE: usize = 64;

/// Masks the secrets that this process holds or has received, and words that look like credentials. Clones share the
/// secrets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    prefixes: Vec<String>,
    in_use: Arc<RwLock<Vec<Secret>>>,
}

impl Redactor {
    /// Shows the start of keys with these prefixes.
    pub(crate) fn new(prefixes: &[String]) -> Self {
        Self { prefixes: prefixes.to_vec(), in_use: Arc::default() }
    }

    /// Masks this text from now on wherever it occurs, even percent-encoded or in JSON.
    pub(crate) fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST_IN_USE {
            return;
        }
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let mut in_use = self.in_use.write().unwrap_or_else(PoisonError::into_inner);
        let quoted = Value::from(secret).to_string();
        for form in [secret, &encoded, &quoted[1..quoted.len() - 1]] {
            if !in_use.iter().any(|known| known.expose() == form) {
                in_use.push(Secret::new(form));
            }
        }
        let surplus = in_use.len().saturating_sub(MOST_IN_USE);
        in_use.drain(..surplus);
    }

    /// The text with secrets masked and without control characters except for line feeds.
    pub(crate) fn lines(&self, text: &str) -> String {
        self.mask(&plain::lines(text))
    }

    /// The text as one line, with secrets masked and without control characters.
    pub(crate) fn line(&self, text: &str) -> String {
        self.mask(&plain::line(text))
    }

    /// Masks secrets in every string of a JSON document.
    pub(crate) fn json(&self, document: &mut Value) {
        match document {
            Value::String(text) => *text = self.mask(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.json(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Masks the secrets in use only, not what looks like a credential.
    pub(crate) fn mask_in_use(&self, text: &str) -> String {
        let in_use = self.in_use.read().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<&str> = in_use.iter().map(Secret::expose).collect();
        // One secret may be the start of another.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut masked = text.to_owned();
        for secret in &known {
            if masked.contains(secret) {
                masked = masked.replace(secret, &mask(secret, &self.prefixes));
            }
        }
        let of_secret = |word: &str| {
            // Dots stand for the omitted part.
            let part = word.trim_matches('.');
            let is_part = part.len() >= SHORTEST_PART && known.iter().any(|secret| secret.contains(part));
            is_part.then(|| "…".to_owned())
        };
        // Opaque tokens of other servers may contain characters that separate words.
        words(&words(&masked, is_token_character, of_secret), is_word_character, of_secret)
    }

    /// The length of a start of the text that can be masked on its own: it ends between words, and no secret in use begins
    /// in it and ends after it, whatever follows. 0 if there is none yet; only in a word of [`LONGEST_WORD`] is one cut.
    pub(crate) fn cut(&self, text: &str) -> usize {
        let in_use = self.in_use.read().unwrap_or_else(PoisonError::into_inner);
        let longest = in_use.iter().map(|secret| secret.expose().len()).max().unwrap_or(0);
        let mut latest = text.len().saturating_sub(longest);
        while !text.is_char_boundary(latest) {
            latest -= 1;
        }
        let between = text[..latest].char_indices().rfind(|(_, c)| !is_token_character(*c));
        let mut cut = match between {
            Some((at, c)) => at + c.len_utf8(),
            None if text.len() > LONGEST_WORD => latest,
            None => 0,
        };
        // A secret may have characters that separate words.
        let around = |cut: usize| {
            let found = in_use.iter().flat_map(|secret| text.match_indices(secret.expose()));
            found.map(|(at, secret)| (at, at + secret.len())).find(|(at, end)| *at < cut && cut < *end)
        };
        while let Some((at, _)) = around(cut) {
            cut = at;
        }
        cut
    }

    fn mask(&self, text: &str) -> String {
        words(&self.mask_in_use(text), is_word_character, |word| {
            self.is_secret(word).then(|| mask(word, &self.prefixes))
        })
    }

    fn is_secret(&self, word: &str) -> bool {
        if word.len() < SHORTEST {
            return false;
        }
        // Masks a truncated JWT too.
        let is_jwt = word.contains("eyJ") && word.contains('.');
        is_jwt
            || self.prefixes.iter().any(|prefix| word.starts_with(prefix.as_str()))
            || MARKS.iter().any(|mark| {
                word.split_once(mark).is_some_and(|(_, secret)| {
                    secret.len() >= 16 && secret.bytes().all(|b| b.is_ascii_alphanumeric())
                })
            })
    }
}

/// Replaces words, which are the longest runs of word characters.
fn words(text: &str, belongs: fn(char) -> bool, replacement: impl Fn(&str) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(belongs) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !belongs(c)).unwrap_or(from.len()));
        replaced.push_str(before);
        replaced.push_str(replacement(word).as_deref().unwrap_or(word));
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

fn is_word_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The characters of `b64token` (RFC 6750 section 2.1).
fn is_token_character(c: char) -> bool {
    is_word_character(c) || matches!(c, '~' | '+' | '/' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ch_01_keys_and_tokens_are_masked_anywhere() {
        let redactor = Redactor::new(&["wx_".into()]);
        let text = "key acme_live_0123456789abcdefghij9f2c, jwt eyJhbGciOiJSUzI1NiJ9.eyJz_dWIi.c2ln; wx_abcdefghijklmnopqrstuv";
        assert_eq!(redactor.line(text), "key …, jwt …; wx_…stuv");
    }

    #[test]
    fn ch_01_secrets_in_use_are_masked_whatever_they_look_like() {
        let redactor = Redactor::default();
        redactor.learn("opaque+of/another~server==");
        redactor.learn("opaque+of/another~server==-and-more");
        redactor.learn("0123456789abcdefghij");
        let clone = redactor.clone();
        let text = "<opaque+of/another~server==-and-more> opaque+of/another~server==, opaque%2Bof%2Fanother%7Eserver%3D%3D, \
            opaque+of/an\u{200b}other~server==, cut off: 0123456789abcdefg";
        assert_eq!(clone.line(text), "<…> …, …, …, cut off: …");
        redactor.learn("short");
        assert_eq!(redactor.line("short"), "short");
    }

    #[test]
    fn ch_01_strings_of_json_are_masked() {
        let redactor = Redactor::default();
        redactor.learn("with \"quotes\" in it");
        let mut document = serde_json::json!({ "a": ["with \"quotes\" in it", 1] });
        redactor.json(&mut document);
        assert_eq!(document, serde_json::json!({ "a": ["…", 1] }));
    }

    #[test]
    fn ch_01_text_is_cut_where_no_secret_is() {
        let redactor = Redactor::default();
        redactor.learn("opaque token+of/another~server==");
        // In pieces, the text is masked as it is as a whole.
        let text = format!(
            "{} opaque token+of/another~server== and opaque token+of/another~server==",
            "word ".repeat(9)
        );
        for length in 1..text.len() {
            let mut masked = String::new();
            let mut held = String::new();
            for part in text.as_bytes().chunks(length) {
                held.push_str(std::str::from_utf8(part).unwrap());
                let rest = held.split_off(redactor.cut(&held));
                masked += &redactor.mask_in_use(&std::mem::replace(&mut held, rest));
            }
            masked += &redactor.mask_in_use(&held);
            assert_eq!(masked, redactor.mask_in_use(&text), "parts of {length}");
        }
    }

    #[test]
    fn other_words_are_not_masked() {
        let text = "profile work: /home/ada/.acme/credentials.json (req_8h2), test_live_data";
        assert_eq!(Redactor::default().line(text), text);
    }

    #[test]
    fn text_of_a_server_cannot_control_the_terminal() {
        assert_eq!(Redactor::default().lines("a\u{1b}[2Jb\u{202e}c\n"), "a[2Jbc\n");
    }
}
