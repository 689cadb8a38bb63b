//! The lines of an error.

use crate::plain;
use crate::redact::Redactor;

/// The text of an error: a headline, and the lines below it. A text of the server in it adds no line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) headline: String,
    pub(super) lines: Vec<String>,
    /// A command for diagnosis, appended to the first line.
    advice: Option<String>,
}

impl Report {
    pub(super) fn new(headline: impl AsRef<str>) -> Self {
        Self { headline: plain::line(headline.as_ref()).into_owned(), lines: Vec::new(), advice: None }
    }

    pub(super) fn line(mut self, line: impl AsRef<str>) -> Self {
        self.lines.push(plain::line(line.as_ref()).into_owned());
        self
    }

    pub(super) fn advise(self, command: String) -> Self {
        Self { advice: Some(command), ..self }
    }

    /// Appends the advice. `auth doctor` does not, because the advice is to run `auth doctor`.
    pub(super) fn with_advice(mut self) -> Self {
        if let (Some(command), Some(first)) = (self.advice.take(), self.lines.first_mut()) {
            *first = format!("{first} Run `{command}`.");
        }
        self
    }

    /// The report with secrets masked.
    pub(super) fn masked(mut self, redactor: &Redactor) -> Self {
        self.headline = redactor.line(&self.headline);
        for line in &mut self.lines {
            *line = redactor.line(line);
        }
        self
    }

    pub(super) fn maybe(self, line: Option<String>) -> Self {
        match line {
            Some(line) => self.line(line),
            None => self,
        }
    }
}
