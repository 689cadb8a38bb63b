//! Use cases, one a file.

pub mod instance;
mod private_files;
pub mod present;
pub mod revocation;
pub mod signing_keys;
