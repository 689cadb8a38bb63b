//! Prints data on standard output and messages on standard error.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::args::Globals;
use super::env::Environment;
use super::error::{Error, ErrorKind};
use super::redact::Redactor;

/// The sign at the start of a line: `✓`, `!` or `✗`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Icon {
    Good,
    Attention,
    Bad,
}

/// Prints on both streams, with secrets masked.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    terminal: bool,
    colored: Colored,
    redactor: Redactor,
}

#[derive(Clone, Copy, Debug)]
struct Colored {
    out: bool,
    err: bool,
}

impl Output {
    /// According to the global options and the environment.
    pub(crate) fn new(globals: &Globals, environment: &Environment, redactor: Redactor) -> Self {
        let wanted = !globals.no_color
            && environment.get("NO_COLOR").is_none()
            && environment.get("TERM") != Some("dumb");
        let terminal = io::stdout().is_terminal();
        Self {
            json: globals.json,
            quiet: globals.quiet,
            terminal,
            colored: Colored { out: wanted && terminal, err: wanted && io::stderr().is_terminal() },
            redactor,
        }
    }

    /// Whether `--json` was given.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether messages and progress are shown: neither `--json` nor `--quiet` was given.
    pub(crate) fn shows_messages(&self) -> bool {
        !self.json && !self.quiet
    }

    /// Prints JSON on standard output.
    pub(crate) fn json(&self, document: &Value) -> Result<(), ErrorKind> {
        self.raw(format!("{document}\n").as_bytes())
    }

    /// Prints a line on standard output, with secrets masked.
    pub(crate) fn data(&self, text: &str) -> Result<(), ErrorKind> {
        self.raw(format!("{}\n", self.redactor.clean(text)).as_bytes())
    }

    /// Writes bytes to standard output unchanged.
    #[expect(clippy::unused_self, reason = "called like the other methods")]
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<(), ErrorKind> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => ErrorKind::ClosedPipe,
            _ => ErrorKind::LocalFailure { what: "print".into(), cause: error.to_string() },
        })
    }

    /// Whether standard output is a terminal without `--json`.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal && !self.json
    }

    /// Prints a line with an icon on standard output.
    pub(crate) fn headline(&self, icon: Icon, text: &str) -> Result<(), ErrorKind> {
        self.raw(format!("{} {}\n", sign(icon, self.colored.out), self.redactor.clean(text)).as_bytes())
    }

    /// Prints a message with an icon on standard error.
    pub(crate) fn say(&self, icon: Icon, text: &str) {
        if self.shows_messages() {
            write_err(&format!("{} {}\n", sign(icon, self.colored.err), self.redactor.clean(text)));
        }
    }

    /// Prints a message on standard error.
    pub(crate) fn tell(&self, text: &str) {
        if self.shows_messages() {
            write_err(&format!("{}\n", self.redactor.clean(text)));
        }
    }

    /// Replaces the current line on standard error.
    pub(crate) fn overwrite(&self, text: &str) {
        if self.shows_messages() {
            write_err(&format!("\r\u{1b}[K{text}"));
        }
    }

    /// Prints an error on standard error.
    pub(crate) fn error(&self, error: &Error) {
        match (error.kind(), self.json) {
            (ErrorKind::ClosedPipe, _) => {}
            (_, true) => write_err(&format!("{}\n", self.redactor.clean(&error.to_json().to_string()))),
            (_, false) => {
                let text = error.to_string();
                write_err(&format!("{} {}\n", sign(Icon::Bad, self.colored.err), self.redactor.clean(&text)));
            }
        }
    }
}

fn write_err(text: &str) {
    let mut err = io::stderr().lock();
    // Standard error may be closed.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// An indented line below a headline: `  Label         value`.
pub(crate) fn labeled(label: &str, value: &str) -> String {
    format!("  {label:<12}  {value}")
}

fn sign(icon: Icon, colored: bool) -> String {
    let (sign, color) = match icon {
        Icon::Good => ("✓", 32),
        Icon::Attention => ("!", 33),
        Icon::Bad => ("✗", 31),
    };
    if colored { format!("\u{1b}[{color}m{sign}\u{1b}[0m") } else { sign.to_owned() }
}
