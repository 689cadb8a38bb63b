//! Escape sequences of terminals (ECMA-48), for colors and for the line that shows progress.

/// Whether terminals understand escape sequences. On Windows this turns on virtual terminal processing, without which the
/// console prints them.
#[cfg(all(windows, feature = "cli"))]
pub(crate) fn are_understood() -> bool {
    crossterm::ansi_support::supports_ansi()
}

/// Whether terminals understand escape sequences: all do.
#[cfg(not(windows))]
pub(crate) fn are_understood() -> bool {
    true
}

/// Whether escape sequences may be printed. Not without the commands, whose crates can prepare the console for them.
#[cfg(all(windows, not(feature = "cli")))]
pub(crate) fn are_understood() -> bool {
    false
}
