//! Why a text is not what it should be.

/// A text that is not a value of its type. It says what is wrong, or what to write instead, and never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(pub &'static str);
