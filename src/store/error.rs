//! What can go wrong between the server and its database.

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::url_secrets;

/// A failure of the store. It says nothing that a client may see.
#[derive(Debug, Clone, thiserror::Error)]
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
    /// A connection to SQLite that could not be opened.
    pub(in crate::store) fn open(error: ConnectionError) -> Self {
        Self::connect(error, str::to_owned)
    }

    /// A connection to PostgreSQL that could not be opened. What libpq says may quote any part of the URL.
    pub(in crate::store) fn connect_to(url: &str, error: ConnectionError) -> Self {
        Self::connect(error, |message| url_secrets::masked(url, message))
    }

    fn connect(error: ConnectionError, shown: impl FnOnce(&str) -> String) -> Self {
        match error {
            ConnectionError::InvalidConnectionUrl(_) => {
                Self::Failed("the database URL is not valid".to_owned())
            }
            other => Self::Unavailable(one_line(&shown(&other.to_string()))),
        }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
                Self::Conflict(one_line(info.message()))
            }
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction,
                info,
            ) => Self::Unavailable(one_line(info.message())),
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) if away(info.message()) => {
                Self::Unavailable(one_line(info.message()))
            }
            DieselError::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            DieselError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            other => Self::Failed(one_line(&other.to_string())),
        }
    }
}

/// PostgreSQL tells some of its troubles in several lines; the log has one a line.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the engines say when they are going down, coming up, full or locked.
fn away(message: &str) -> bool {
    const SIGNS: [&str; 10] = [
        "canceling statement due to",
        "deadlock detected",
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
