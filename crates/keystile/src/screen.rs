//! Standard output and standard error, for commands of the tool itself.

use serde_json::Value;

use super::app::App;
use super::body_writer::BodyWriter;
use super::error::{Error, ErrorKind};
use super::output::Output;

/// Prints as the commands of the library do: data on standard output, messages on standard error, both according to
/// `--json`, `--quiet` and `--no-color`. Made by [`App::screen`](crate::App::screen).
///
/// Writing to standard output fails with [`ErrorKind::ClosedPipe`] if its reader is gone.
#[derive(Clone, Debug)]
pub struct Screen {
    output: Output,
    app: App,
}

impl Screen {
    pub(crate) fn new(output: Output, app: App) -> Self {
        Self { output, app }
    }

    /// Whether `--json` was given, so that standard output must be JSON.
    pub fn is_json(&self) -> bool {
        self.output.is_json()
    }

    /// Whether standard output is a terminal and `--json` was not given.
    pub fn is_terminal(&self) -> bool {
        self.output.is_terminal()
    }

    /// Prints a JSON document as one line on standard output, with control and format characters as escapes. Nothing is
    /// masked.
    pub fn json(&self, document: &Value) -> Result<(), Error> {
        self.worded(self.output.json(document))
    }

    /// Prints one line on standard output. Credentials are masked, line breaks become spaces, and control characters are
    /// removed.
    pub fn data(&self, text: &str) -> Result<(), Error> {
        self.worded(self.output.data(text))
    }

    /// Writes bytes to standard output unchanged.
    pub fn raw(&self, bytes: &[u8]) -> Result<(), Error> {
        self.worded(self.output.raw(bytes))
    }

    /// Prints the body of a response with this status on standard output. On a terminal, credentials in use are masked and
    /// control characters are escaped (in JSON) or removed. Elsewhere the bytes are unchanged, except that credentials in
    /// use are masked in an error (a status of 400 or more).
    pub fn body(&self, status: u16, bytes: &[u8]) -> Result<(), Error> {
        self.worded(self.output.body(bytes, status >= 400))
    }

    /// Prints the body of a successful response that arrives in parts, as [`body`](Self::body) does.
    pub fn body_writer(&self) -> BodyWriter {
        BodyWriter::new(self.output.clone(), self.app.clone())
    }

    /// Prints a message, of one or several lines, on standard error, unless `--json` or `--quiet` was given. Credentials
    /// are masked, and control characters are removed. A server's text in it may add lines.
    pub fn message(&self, text: &str) {
        self.output.tell_lines(text);
    }

    /// Prints an error on standard error: as text, or as one line of JSON with `--json`.
    pub fn error(&self, error: &Error) {
        self.output.error(error);
    }

    fn worded(&self, printed: Result<(), ErrorKind>) -> Result<(), Error> {
        printed.map_err(|kind| self.app.error(kind))
    }
}
