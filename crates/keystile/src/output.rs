//! Prints data on standard output and messages on standard error.

use std::io::{self, IsTerminal, Write};

use serde::de::IgnoredAny;
use serde_json::Value;

use super::brand::Brand;
use super::env::Environment;
use super::error::{Error, ErrorKind};
use super::escapes;
use super::globals::Globals;
use super::plain;
use super::redact::Redactor;
#[cfg(feature = "cli")]
use super::table;

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
    style: Style,
    redactor: Redactor,
}

#[derive(Clone, Copy, Debug)]
struct Style {
    colored_out: bool,
    colored_err: bool,
    /// Whether a line on standard error may be overwritten.
    animated: bool,
}

impl Output {
    /// According to the global options and the environment.
    pub(crate) fn new(
        globals: &Globals,
        environment: &Environment,
        brand: &Brand,
        redactor: Redactor,
    ) -> Self {
        let is_dumb = environment.get("TERM") == Some("dumb") || !escapes::are_understood();
        let wanted = !globals.no_color && environment.get("NO_COLOR").is_none() && !is_dumb;
        let is_static = environment.own_flag(brand, "NO_ANIMATION");
        let terminal = io::stdout().is_terminal();
        Self {
            json: globals.json,
            quiet: globals.quiet,
            terminal,
            style: Style {
                colored_out: wanted && terminal,
                colored_err: wanted && io::stderr().is_terminal(),
                animated: io::stderr().is_terminal() && !is_dumb && !is_static,
            },
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

    /// Whether progress is shown on a line that changes. On a terminal that cannot overwrite a line, and for a screen
    /// reader, which would read each change aloud, it is one line that stays.
    pub(crate) fn animates(&self) -> bool {
        self.style.animated && self.shows_messages()
    }

    /// Prints a table, whose first row is its heading, on standard output. On a terminal it has the width of the terminal.
    #[cfg(feature = "cli")]
    pub(crate) fn table(&self, rows: &[Vec<String>]) -> Result<(), ErrorKind> {
        let width = if self.terminal { width_of(&io::stdout()) } else { None };
        table::lines(rows, width).iter().try_for_each(|line| self.data(line))
    }

    /// Like [`data`](Self::data), for a line of a list. On a terminal it is broken at the width of the terminal.
    #[cfg(feature = "cli")]
    pub(crate) fn entry(&self, text: &str) -> Result<(), ErrorKind> {
        match if self.terminal { width_of(&io::stdout()) } else { None } {
            Some(width) => table::wrap(text, width).iter().try_for_each(|line| self.data(line)),
            None => self.data(text),
        }
    }

    /// Prints JSON on standard output. Control and format characters in it are escaped; nothing is masked.
    pub(crate) fn json(&self, document: &Value) -> Result<(), ErrorKind> {
        self.raw(format!("{}\n", plain::json(&document.to_string())).as_bytes())
    }

    /// Prints one line on standard output, with secrets masked and without control characters.
    pub(crate) fn data(&self, text: &str) -> Result<(), ErrorKind> {
        self.raw(format!("{}\n", self.redactor.line(text)).as_bytes())
    }

    /// Like [`data`](Self::data), for text that may have several lines.
    pub(crate) fn data_lines(&self, text: &str) -> Result<(), ErrorKind> {
        self.raw(format!("{}\n", self.redactor.lines(text)).as_bytes())
    }

    /// Prints the body of a response on standard output. On a terminal, secrets in use are masked and control characters
    /// escaped or removed. Elsewhere it is unchanged, except that secrets in use are masked in an error.
    pub(crate) fn body(&self, bytes: &[u8], is_error: bool) -> Result<(), ErrorKind> {
        if !self.terminal && !is_error {
            return self.raw(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        let masked = self.redactor.mask_in_use(&text);
        match (self.terminal, serde_json::from_slice::<IgnoredAny>(bytes).is_ok()) {
            (true, true) => self.raw(plain::json(&masked).as_bytes()),
            (true, false) => self.raw(plain::lines(&masked).as_bytes()),
            (false, _) if masked == text => self.raw(bytes),
            (false, _) => self.raw(masked.as_bytes()),
        }
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

    /// Whether standard output is a terminal.
    pub(crate) fn is_on_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Prints a line with an icon on standard output.
    pub(crate) fn headline(&self, icon: Icon, text: &str) -> Result<(), ErrorKind> {
        self.raw(format!("{} {}\n", sign(icon, self.style.colored_out), self.redactor.line(text)).as_bytes())
    }

    /// Prints a message of one line with an icon on standard error.
    pub(crate) fn say(&self, icon: Icon, text: &str) {
        self.say_lines(icon, &plain::line(text));
    }

    /// Like [`say`](Self::say), for text that may have several lines.
    pub(crate) fn say_lines(&self, icon: Icon, text: &str) {
        if self.shows_messages() {
            write_err(&format!("{} {}\n", sign(icon, self.style.colored_err), self.redactor.lines(text)));
        }
    }

    /// Prints a message of one line on standard error.
    pub(crate) fn tell(&self, text: &str) {
        self.tell_lines(&plain::line(text));
    }

    /// Like [`tell`](Self::tell), for text that may have several lines.
    pub(crate) fn tell_lines(&self, text: &str) {
        if self.shows_messages() {
            write_err(&format!("{}\n", self.redactor.lines(text)));
        }
    }

    /// Prints one line on standard error, even with `--json` and `--quiet`. Nothing is masked.
    #[expect(clippy::unused_self, reason = "called like the other methods")]
    pub(crate) fn announce(&self, text: &str) {
        write_err(&format!("{}\n", plain::line(text)));
    }

    /// Prints JSON on standard error.
    #[expect(clippy::unused_self, reason = "called like the other methods")]
    pub(crate) fn announce_json(&self, document: &Value) {
        write_err(&format!("{}\n", plain::json(&document.to_string())));
    }

    /// Prints a question on standard error, without ending the line.
    pub(crate) fn ask(&self, question: &str) {
        write_err(&format!("{} ", self.redactor.line(question)));
    }

    /// Replaces the current line on standard error, if [`animates`](Self::animates). The text is cut to the width of the
    /// terminal: a line that wraps could not be replaced and would scroll.
    #[cfg(feature = "cli")]
    pub(crate) fn overwrite(&self, text: &str) {
        if self.animates() {
            let width = width_of(&io::stderr()).unwrap_or(USUAL_WIDTH);
            // Some terminals wrap when the last column is written.
            write_err(&format!("\r\u{1b}[K{}", table::cut(text, width.saturating_sub(1))));
        }
    }

    /// Prints an error on standard error.
    pub(crate) fn error(&self, error: &Error) {
        match (error.kind(), self.json) {
            (ErrorKind::ClosedPipe, _) => {}
            (_, true) => {
                let mut document = error.to_json();
                self.redactor.json(&mut document);
                self.announce_json(&document);
            }
            (_, false) => {
                let text = error.to_string();
                write_err(&format!(
                    "{} {}\n",
                    sign(Icon::Bad, self.style.colored_err),
                    self.redactor.lines(&text)
                ));
            }
        }
    }
}

/// The columns of a terminal that does not tell.
#[cfg(feature = "cli")]
const USUAL_WIDTH: usize = 80;

/// The columns of the terminal that a stream is connected to; `None` if it is none or does not tell.
#[cfg(all(unix, feature = "cli"))]
fn width_of(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

/// The columns of the console, which a process has at most one of.
#[cfg(all(windows, feature = "cli"))]
fn width_of(_: &impl std::os::windows::io::AsHandle) -> Option<usize> {
    let (width, _) = crossterm::terminal::size().ok()?;
    Some(usize::from(width)).filter(|width| *width > 0)
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
