//! HTML pages.
//!
//! One folder per subject, one file per page: its view, which is plain data, and its handlers. Templates
//! contain no domain logic. Shared parts are in [`shared`].

pub mod authorize;
pub mod credentials;
pub mod device;
pub mod invitations;
pub mod keys;
pub mod members;
pub mod organizations;
pub mod records;
pub mod reference;
pub mod security;
pub mod service_accounts;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod shared;
pub mod sign_in;
pub mod tokens;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
