//! The master key, signing keys, tokens and password hashing.

pub mod error;
pub mod hashing;
pub mod jwt;
pub mod master;
pub mod password;
pub mod refresh_token;
pub mod rsa_key;
pub mod set;
pub mod signer;
