//! Values, rules and state machines. Nothing here reads a clock, a file, a socket or a database.

pub mod key_format;
#[cfg(feature = "server")]
pub mod role;
#[cfg(feature = "server")]
pub mod scope;
#[cfg(feature = "server")]
pub mod secret;
