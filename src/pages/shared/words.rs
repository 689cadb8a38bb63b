//! Sentences with untrusted names.
//!
//! A name inside a sentence is isolated by `<bdi>`, so that its direction marks cannot reorder the words
//! around it. A
//! [`Sentence`] keeps the pieces apart until the template prints them.

use std::borrow::Cow;

/// One piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Trusted text.
    Text(Cow<'static, str>),
    /// Untrusted name.
    Name(String),
    /// A command, URL or identifier, in monospace.
    Code(String),
}

/// Text with untrusted names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sentence(Vec<Piece>);

impl Sentence {
    #[must_use]
    pub fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Text(text.into()));
        self
    }

    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.push(Piece::Name(name.into()));
        self
    }

    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.0.push(Piece::Code(code.into()));
        self
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }
}

impl From<&'static str> for Sentence {
    fn from(text: &'static str) -> Self {
        Self::default().text(text)
    }
}

/// "deployments, members and keys": names joined by commas, with `last` before the final one.
pub fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [rest @ .., end] => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// [`list`] for untrusted names, each isolated.
pub fn names(mut sentence: Sentence, names: &[String], last: &'static str) -> Sentence {
    for (at, name) in names.iter().enumerate() {
        sentence = match at {
            0 => sentence,
            _ if at + 1 == names.len() => sentence.text(format!(" {last} ")),
            _ => sentence.text(", "),
        };
        sentence = sentence.name(name);
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_with_a_word() {
        let items: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        assert_eq!(list(&items, "and"), "a, b and c");
        assert_eq!(list(&items[..1], "and"), "a");
        assert_eq!(list(&[], "and"), "");
        let sentence = names("Ask ".into(), &items, "or");
        let plain: String = sentence
            .pieces()
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.to_string(),
                Piece::Name(name) | Piece::Code(name) => format!("[{name}]"),
            })
            .collect();
        assert_eq!(plain, "Ask [a], [b] or [c]");
    }
}
