//! Errors of keys.

/// A key cannot be made, opened or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The RSA implementation could not generate or parse a key.
    #[error("RSA key: {0}")]
    Rsa(String),
    #[error(
        "the signing keys in the database are sealed with another master key; start the server with the previous one"
    )]
    WrongMasterKey,
    #[error("there is no active signing key")]
    NoActiveKey,
    /// The key with this `kid` cannot be parsed.
    #[error("signing key {0} is damaged")]
    Damaged(String),
}
