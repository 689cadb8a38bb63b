//! The error of text that does not parse.

use std::fmt;

/// Text that is not a valid [`BaseUrl`](crate::BaseUrl) or [`ProfileName`](crate::ProfileName). `Display` says what is
/// valid.
///
/// `?` turns it into an [`Error`](crate::Error) or an [`ErrorKind`](crate::ErrorKind), both of the kind
/// [`Usage`](crate::ErrorKind::Usage).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    message: String,
}

impl InvalidValue {
    pub(crate) fn new(message: String) -> Self {
        Self { message }
    }

    pub(crate) fn into_message(self) -> String {
        self.message
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for InvalidValue {}
