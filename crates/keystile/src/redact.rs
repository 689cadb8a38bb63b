//! Masks secrets in what is printed.

use std::borrow::Cow;

/// Parts of the credentials of a Keystile server, after the prefix of the deployment.
const MARKS: [&str; 4] = ["_live_", "_test_", "_pat_", "_rt_"];
/// Shorter words are not credentials.
const SHORTEST: usize = 24;

/// Masks words that look like credentials.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    prefixes: Vec<String>,
}

impl Redactor {
    /// Also recognizes these key prefixes.
    pub(crate) fn new(prefixes: &[String]) -> Self {
        Self { prefixes: prefixes.to_vec() }
    }

    /// Masks secrets and removes control characters, so that text from a server cannot control the terminal.
    pub(crate) fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = String::new();
        let mut rest = text;
        let mut changed = false;
        while let Some(first) = rest.chars().next() {
            if is_part(first) {
                let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                if self.is_secret(word) {
                    changed = true;
                    clean.push_str(&super::secret::Secret::new(word).masked());
                } else {
                    clean.push_str(word);
                }
                rest = after;
            } else {
                if is_printable(first) {
                    clean.push(first);
                } else {
                    changed = true;
                }
                rest = &rest[first.len_utf8()..];
            }
        }
        if changed { Cow::Owned(clean) } else { Cow::Borrowed(text) }
    }

    fn is_secret(&self, word: &str) -> bool {
        if word.len() < SHORTEST {
            return false;
        }
        let is_jwt = word.starts_with("eyJ") && word.matches('.').count() >= 2;
        is_jwt
            || self.prefixes.iter().any(|prefix| word.starts_with(prefix.as_str()))
            || MARKS.iter().any(|mark| {
                word.split_once(mark).is_some_and(|(_, secret)| {
                    secret.len() >= 16 && secret.bytes().all(|b| b.is_ascii_alphanumeric())
                })
            })
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Neither a control character other than a line feed nor one that changes the direction of text.
fn is_printable(c: char) -> bool {
    c == '\n'
        || !(c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_masked_anywhere() {
        let redactor = Redactor::new(&["wx_".into()]);
        let text = "key acme_live_0123456789abcdefghij9f2c, jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln; wx_abcdefghijklmnopqrstuv";
        let clean = redactor.clean(text);
        assert_eq!(clean, "key acme_live_…9f2c, jwt …c2ln; wx_…stuv");
    }

    #[test]
    fn other_words_are_not_masked() {
        let text = "profile work: /home/ada/.acme/credentials.json (req_8h2), test_live_data";
        assert!(matches!(Redactor::default().clean(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn text_of_a_server_cannot_control_the_terminal() {
        assert_eq!(Redactor::default().clean("a\u{1b}[2Jb\u{202e}c\n"), "a[2Jbc\n");
    }
}
