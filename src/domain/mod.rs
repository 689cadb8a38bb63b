//! Values, rules and state machines. Nothing here reads a file, a socket or a database, and the only clock and the
//! only source of randomness are the ones that callers hand in.

#[cfg(feature = "server")]
pub mod audit;
#[cfg(feature = "server")]
pub mod authorization;
#[cfg(feature = "server")]
pub mod client;
#[cfg(feature = "server")]
pub mod credential;
#[cfg(feature = "server")]
pub mod email;
#[cfg(feature = "server")]
pub mod engine;
#[cfg(feature = "server")]
pub mod entropy;
#[cfg(feature = "server")]
pub mod id;
pub mod key_format;
#[cfg(feature = "server")]
pub mod network;
#[cfg(feature = "server")]
pub mod oauth_error;
pub mod parameters;
#[cfg(feature = "server")]
pub mod password;
#[cfg(feature = "server")]
pub mod pkce;
#[cfg(feature = "server")]
pub mod redirect_uri;
#[cfg(feature = "server")]
pub mod request;
#[cfg(feature = "server")]
pub mod role;
#[cfg(feature = "server")]
pub mod scope;
#[cfg(feature = "server")]
pub mod secret;
#[cfg(feature = "server")]
pub mod short_code;
#[cfg(feature = "server")]
pub mod signing;
#[cfg(feature = "server")]
mod text_enum;
#[cfg(feature = "server")]
pub mod time;
