//! Prints a body that arrives in parts.

use super::app::App;
use super::error::{Error, ErrorKind};
use super::output::Output;
use super::plain;

/// Text of which more than this is held is printed up to a place where no secret is cut.
const HELD: usize = 64 << 10;

/// Prints a body that arrives in parts on standard output. Made by [`Screen::body_writer`](crate::Screen::body_writer).
///
/// On a terminal, credentials in use are masked, even across parts, and control characters are escaped (if the body
/// begins like JSON) or removed. Elsewhere the bytes are unchanged. At most about 1 MiB is held in memory.
#[derive(Debug)]
pub struct BodyWriter {
    output: Output,
    app: App,
    /// Received, and not printed yet.
    held: Vec<u8>,
    /// `None` before the first character other than white space.
    is_json: Option<bool>,
    last: Option<u8>,
}

impl BodyWriter {
    pub(crate) fn new(output: Output, app: App) -> Self {
        Self { output, app, held: Vec::new(), is_json: None, last: None }
    }

    /// Prints a part, or holds it until the next one.
    pub fn write(&mut self, part: &[u8]) -> Result<(), Error> {
        self.last = part.last().copied().or(self.last);
        let printed = if self.output.is_on_terminal() {
            self.held.extend_from_slice(part);
            if self.held.len() > HELD { self.print_held(false) } else { Ok(()) }
        } else {
            self.output.raw(part)
        };
        self.worded(printed)
    }

    /// Prints what is held. Ends the last line.
    pub fn finish(mut self) -> Result<(), Error> {
        let printed = self.print_held(true).and_then(|()| match self.last {
            None | Some(b'\n') => Ok(()),
            Some(_) => self.output.raw(b"\n"),
        });
        self.worded(printed)
    }

    fn print_held(&mut self, all: bool) -> Result<(), ErrorKind> {
        let whole = if all { self.held.len() } else { self.held.len() - cut_character(&self.held) };
        let text = String::from_utf8_lossy(&self.held[..whole]).into_owned();
        let cut = if all { text.len() } else { self.output.redactor().cut(&text) };
        let (now, later) = text.split_at(cut);
        let begins = now.trim_start().chars().next();
        self.is_json = self.is_json.or_else(|| begins.map(|first| matches!(first, '{' | '[')));
        let masked = self.output.redactor().mask_in_use(now);
        let shown = if self.is_json == Some(true) { plain::json(&masked) } else { plain::lines(&masked) };
        self.output.raw(shown.as_bytes())?;
        let rest = self.held.split_off(whole);
        self.held = later.as_bytes().to_vec();
        self.held.extend(rest);
        Ok(())
    }

    fn worded(&self, printed: Result<(), ErrorKind>) -> Result<(), Error> {
        printed.map_err(|kind| self.app.error(kind))
    }
}

/// The bytes at the end that begin a UTF-8 character whose rest is missing.
fn cut_character(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let starts = tail.iter().rposition(|byte| *byte >= 0xc0);
    let Some(at) = starts else { return 0 };
    let needed = match tail[at] {
        0xf0.. => 4,
        0xe0.. => 3,
        _ => 2,
    };
    if tail.len() - at < needed { tail.len() - at } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_is_cut_waits_for_its_rest() {
        for (text, cut) in [("a", 0), ("é", 0), ("日本", 0), ("𝄞", 0), ("", 0)] {
            assert_eq!(cut_character(text.as_bytes()), cut, "{text}");
        }
        assert_eq!(cut_character(&"aé".as_bytes()[..2]), 1);
        assert_eq!(cut_character(&"a日".as_bytes()[..3]), 2);
        assert_eq!(cut_character(&"a𝄞".as_bytes()[..4]), 3);
        assert_eq!(cut_character(&[0xff, 0x80]), 2);
    }
}
