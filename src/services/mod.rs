//! One file per use case.

pub mod accounts;
pub mod api_access;
pub mod authorization;
pub mod janitor;
pub mod sessions;
pub mod setup;
pub mod sign_in;
