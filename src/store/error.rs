//! What can go wrong between the server and its database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the store. It says nothing that a client may see.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away, or too busy to take more work: try again.
    #[error("the database cannot take this now: {0}")]
    Unavailable(String),
    /// Something with this identity exists already.
    #[error("this exists already: {0}")]
    Conflict(String),
    /// A bug or a damaged database.
    #[error("database error: {0}")]
    Failed(String),
}

impl StoreError {
    /// The engine's own message may name host and user but never the password.
    pub(in crate::store) fn connect(error: ConnectionError) -> Self {
        match error {
            ConnectionError::InvalidConnectionUrl(_) => {
                Self::Failed("the database URL is not valid".to_owned())
            }
            other => Self::Unavailable(other.to_string().trim().to_owned()),
        }
    }
}

use diesel::ConnectionError;

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Conflict(info.message().to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, info) => {
                Self::Unavailable(info.message().to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) if away(info.message()) => {
                Self::Unavailable(info.message().to_owned())
            }
            other => Self::Failed(other.to_string()),
        }
    }
}

/// What the engines say when they are going down, coming up, full or locked.
fn away(message: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "database is locked",
        "database or disk is full",
        "terminating connection",
        "server closed the connection",
        "the database system is",
        "connection to server",
        "no connection to the server",
        "too many clients",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}
