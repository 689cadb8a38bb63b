//! Reads single keys from the console of Windows without blocking.

use std::io::IsTerminal as _;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read as next};

use super::Ready;

/// Reads what is available, without blocking.
pub(super) fn read() -> Ready {
    let mut bytes = Vec::new();
    loop {
        let event = match poll(Duration::ZERO) {
            Ok(true) => next(),
            Ok(false) => break,
            Err(error) => Err(error),
        };
        match event {
            Ok(Event::Key(key)) => bytes.extend(bytes_of(key)),
            // Mouse, focus and size.
            Ok(_) => {}
            Err(_) if bytes.is_empty() => return Ready::Ended,
            Err(_) => break,
        }
    }
    if bytes.is_empty() { Ready::Nothing } else { Ready::Bytes(bytes) }
}

/// The bytes that a terminal would send for a key.
fn bytes_of(key: KeyEvent) -> Vec<u8> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    // AltGr, which types `@` and `{` on many keyboards, is reported as both.
    let is_control =
        key.modifiers.contains(KeyModifiers::CONTROL) && !key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::Char(letter) if is_control && letter.is_ascii_alphabetic() => vec![letter as u8 & 0x1f],
        KeyCode::Char(_) if is_control => Vec::new(),
        KeyCode::Char(character) => character.to_string().into_bytes(),
        KeyCode::Enter => vec![b'\r'],
        KeyCode::Backspace => vec![0x7f],
        _ => Vec::new(),
    }
}

/// Stands for the right to read single keys. The console echoes nothing while events are read instead of lines, so there
/// is no mode to change, and Ctrl-C stays a signal.
pub(super) struct SilentKeys;

impl SilentKeys {
    /// `None` without a console.
    pub(super) fn listen() -> Option<Self> {
        std::io::stdin().is_terminal().then_some(Self)
    }

    /// There is no job control: no key stops the process.
    #[expect(clippy::unused_self, reason = "the interface of the other systems")]
    pub(super) fn suspends(&self, _: &[u8]) -> bool {
        false
    }

    pub(super) fn suspend(self) {}

    #[expect(clippy::unused_self, reason = "the interface of the other systems")]
    pub(super) fn hide_again(&self) {}
}
