//! Edits a line of hidden input.

use zeroize::Zeroizing;

const END_OF_INPUT: u8 = 0x04;
const ERASE_LINE: u8 = 0x15;
const ESCAPE: u8 = 0x1b;

/// The line typed so far.
#[derive(Default)]
pub(super) struct SecretLine {
    bytes: Zeroizing<Vec<u8>>,
    /// Inside an escape sequence, as sent by arrow keys and bracketed paste.
    in_sequence: bool,
}

/// Result of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    More,
    /// Enter.
    Done,
    /// Ctrl-D on an empty line.
    Ended,
}

impl SecretLine {
    pub(super) fn feed(&mut self, byte: u8) -> Typed {
        if self.in_sequence {
            self.in_sequence = !(byte.is_ascii_alphabetic() || byte == b'~');
            return Typed::More;
        }
        match byte {
            b'\r' | b'\n' => return Typed::Done,
            END_OF_INPUT if self.bytes.is_empty() => return Typed::Ended,
            0x08 | 0x7f => {
                self.bytes.pop();
            }
            ERASE_LINE => self.bytes.clear(),
            ESCAPE => self.in_sequence = true,
            byte if byte.is_ascii_control() => {}
            byte => self.bytes.push(byte),
        }
        Typed::More
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> (String, Typed) {
        let mut line = SecretLine::default();
        for byte in bytes {
            match line.feed(*byte) {
                Typed::More => {}
                end => return (line.text().to_string(), end),
            }
        }
        (line.text().to_string(), Typed::More)
    }

    #[test]
    fn enter_ends_the_line() {
        assert_eq!(typed(b"code\rmore"), ("code".into(), Typed::Done));
    }

    #[test]
    fn the_line_can_be_edited() {
        assert_eq!(typed(b"cox\x7fde\n"), ("code".into(), Typed::Done));
        assert_eq!(typed(b"wrong\x15code\n"), ("code".into(), Typed::Done));
        assert_eq!(typed(b"\x04"), (String::new(), Typed::Ended));
    }

    #[test]
    fn escape_sequences_of_arrow_keys_and_bracketed_paste_are_ignored() {
        assert_eq!(typed(b"\x1b[200~co\x1b[Dde\x1b[201~\r"), ("code".into(), Typed::Done));
    }
}
