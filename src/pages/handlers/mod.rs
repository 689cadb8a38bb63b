//! What happens at each page's address: read, check, do, answer.

pub mod account;
pub mod api_access;
pub mod authorize;
mod consent;
mod member;
pub mod misc;
pub mod one_session;
pub mod sessions;
pub mod setup;
mod visit;

pub use visit::security_headers;
