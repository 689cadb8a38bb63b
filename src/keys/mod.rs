//! Everything that needs the master key or a signing key, and password hashing.

pub mod hashing;
pub mod jwt;
pub mod master;
pub mod password;
pub mod refresh_token;
pub mod rsa_key;
pub mod set;
pub mod signer;
