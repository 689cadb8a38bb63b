//! What happens at each page's address: read, check, do, answer.

pub mod account;
pub mod api_access;
pub mod api_reference;
pub mod audit;
pub mod authorize;
mod consent;
pub mod device;
mod member;
pub mod misc;
pub mod one_session;
pub mod paste;
pub mod sessions;
pub mod setup;
pub mod usage;
mod visit;
mod waiting;

pub use visit::security_headers;
