//! The lines of an error.

/// The text of an error: a headline, and the lines below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) headline: String,
    pub(super) lines: Vec<String>,
    /// A command for diagnosis, appended to the first line.
    advice: Option<String>,
}

impl Report {
    pub(super) fn new(headline: impl Into<String>) -> Self {
        Self { headline: headline.into(), lines: Vec::new(), advice: None }
    }

    pub(super) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
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

    pub(super) fn maybe(self, line: Option<String>) -> Self {
        match line {
            Some(line) => self.line(line),
            None => self,
        }
    }
}
