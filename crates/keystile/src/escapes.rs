//! Escape sequences of terminals (ECMA-48), for colors and for the line that shows progress.

/// Whether terminals understand escape sequences. On Windows this turns on virtual terminal processing, without which the
/// console prints them.
#[cfg(windows)]
pub(crate) fn are_understood() -> bool {
    crossterm::ansi_support::supports_ansi()
}

/// Whether terminals understand escape sequences: all do.
#[cfg(not(windows))]
pub(crate) fn are_understood() -> bool {
    true
}
