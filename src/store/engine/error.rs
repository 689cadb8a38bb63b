//! Errors of the store.

use std::fmt;

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use super::url_secrets;

/// A failure of the store. Its messages are for the log and not for clients.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database is unreachable or overloaded: retry later.
    #[error("the database is unavailable: {0}")]
    Unavailable(UnavailableReason),
    /// A unique constraint is violated.
    #[error("this exists already: {0}")]
    Conflict(String),
    /// A bug, or a damaged database.
    #[error("database error: {0}")]
    Failed(String),
}

/// Why the database is unavailable.
#[derive(Debug, Clone)]
pub struct UnavailableReason {
    message: String,
    cause: Cause,
}

/// Decides whether the work may be retried at once, and on which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Cause {
    /// Overload, or a timeout.
    Busy,
    /// The connection was lost. Whether the last statement took effect is unknown.
    Lost,
    /// The server is read-only, such as a demoted primary. The statement had no effect.
    ReadOnly,
    /// PostgreSQL rolled the transaction back because of another one: a deadlock or a serialization failure.
    Collided,
}

impl fmt::Display for UnavailableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<String> for UnavailableReason {
    fn from(message: String) -> Self {
        Self { message, cause: Cause::Busy }
    }
}

impl From<&str> for UnavailableReason {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl StoreError {
    /// Whether another process has locked the SQLite file.
    pub(in crate::store) fn is_locked(&self) -> bool {
        matches!(self, Self::Unavailable(away) if away.message.contains("database is locked"))
    }

    /// A SQLite connection that could not be opened.
    pub(in crate::store) fn open(error: ConnectionError) -> Self {
        Self::connect(error, str::to_owned)
    }

    /// A PostgreSQL connection that could not be opened. Masks the secrets of the URL, any part of which libpq may
    /// quote.
    pub(in crate::store) fn connect_to(url: &str, error: ConnectionError) -> Self {
        Self::connect(error, |message| url_secrets::masked(url, message))
    }

    fn connect(error: ConnectionError, shown: impl FnOnce(&str) -> String) -> Self {
        match error {
            ConnectionError::InvalidConnectionUrl(_) => {
                Self::Failed("the database URL is not valid".to_owned())
            }
            other => Self::Unavailable(one_line(&shown(&other.to_string())).into()),
        }
    }

    /// A conflict with a concurrent transaction; the work may be retried from its beginning.
    pub(in crate::store) fn collided(message: &str) -> Self {
        unavailable(Cause::Collided, message)
    }

    pub(in crate::store) fn cause(&self) -> Option<Cause> {
        match self {
            Self::Unavailable(away) => Some(away.cause),
            Self::Conflict(_) | Self::Failed(_) => None,
        }
    }

    /// The same error, with `Busy` replaced by `Lost` after a failed check of the connection.
    pub(in crate::store) fn lost(self) -> Self {
        match self {
            Self::Unavailable(UnavailableReason { message, cause: Cause::Busy }) => {
                unavailable(Cause::Lost, &message)
            }
            other => other,
        }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, info) => of_database(kind, &*info),
            DieselError::RollbackErrorOnCommit { commit_error, .. } => Self::from(*commit_error),
            DieselError::BrokenTransactionManager => unavailable(Cause::Lost, &error.to_string()),
            other => Self::Failed(one_line(&other.to_string())),
        }
    }
}

fn of_database(kind: DatabaseErrorKind, info: &dyn DatabaseErrorInformation) -> StoreError {
    let message = info.message();
    match kind {
        DatabaseErrorKind::UniqueViolation => StoreError::Conflict(one_line(message)),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            unavailable(Cause::Lost, message)
        }
        DatabaseErrorKind::ReadOnlyTransaction => unavailable(Cause::ReadOnly, message),
        DatabaseErrorKind::SerializationFailure => unavailable(Cause::Collided, message),
        _ if contains_any(message, &DEADLOCK) => unavailable(Cause::Collided, message),
        _ if contains_any(message, &ENDED) => unavailable(Cause::Lost, message),
        _ if contains_any(message, &BUSY) => unavailable(Cause::Busy, message),
        _ if message.contains("prepared statement \"__diesel") => StoreError::Failed(format!(
            "{}. This happens behind a pooler in transaction mode, such as PgBouncer: set database.pooler to \
             \"transaction\"",
            one_line(message)
        )),
        _ => StoreError::Failed(one_line(message)),
    }
}

fn unavailable(cause: Cause, message: &str) -> StoreError {
    StoreError::Unavailable(UnavailableReason { message: one_line(message), cause })
}

/// Some PostgreSQL messages have several lines; the log has one line per event.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn contains_any(message: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| message.contains(sign))
}

// Diesel exposes no SQLSTATE for these, so they are recognized by message.

/// SQLSTATE 40P01.
const DEADLOCK: [&str; 1] = ["deadlock detected"];
/// SQLSTATE 57P01 to 57P03 and class 08.
const ENDED: [&str; 5] = [
    "terminating connection",
    "server closed the connection",
    "the database system is",
    "connection to server",
    "no connection to the server",
];
/// Disk full, database locked or statement canceled, on either engine.
const BUSY: [&str; 6] = [
    "canceling statement due to",
    "database is locked",
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "too many clients",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(kind: DatabaseErrorKind, message: &str) -> Option<Cause> {
        StoreError::from(DieselError::DatabaseError(kind, Box::new(message.to_owned()))).cause()
    }

    #[test]
    fn database_errors_are_classified_for_retries() {
        use DatabaseErrorKind::{
            ClosedConnection, ReadOnlyTransaction, SerializationFailure, UniqueViolation, Unknown,
        };
        for (kind, message, expected) in [
            (ClosedConnection, "verbindung verloren", Some(Cause::Lost)),
            (Unknown, "terminating connection due to administrator command", Some(Cause::Lost)),
            (Unknown, "the database system is starting up", Some(Cause::Lost)),
            (ReadOnlyTransaction, "cannot execute INSERT in a read-only transaction", Some(Cause::ReadOnly)),
            (SerializationFailure, "could not serialize access", Some(Cause::Collided)),
            (Unknown, "deadlock detected", Some(Cause::Collided)),
            (Unknown, "canceling statement due to lock timeout", Some(Cause::Busy)),
            (Unknown, "database is locked", Some(Cause::Busy)),
            (Unknown, "permission denied for table users", None),
            (UniqueViolation, "terminating connection", None),
        ] {
            assert_eq!(cause(kind, message), expected, "{message}");
        }
    }
}
