//! Use cases, one a file.

pub mod accounts;
pub mod api_access;
pub mod authorization;
pub mod device;
pub mod instance;
pub mod janitor;
pub mod present;
mod private_files;
pub mod revocation;
pub mod sessions;
pub mod setup;
pub mod sign_in;
pub mod signing_keys;
