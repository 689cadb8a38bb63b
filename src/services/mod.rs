//! Use cases, one a file.

pub mod instance;
pub mod present;
mod private_files;
pub mod revocation;
pub mod signing_keys;
