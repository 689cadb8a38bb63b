//! How work in a transaction ends without a result.

use super::engine::error::StoreError;
use crate::domain::oauth_error::OAuthError;

/// Work in a transaction that gave nothing. A refusal commits what the work has written, such as the end of a session
/// or an audit event; a fault of the store rolls it back. [`Store::write_or_refuse`] keeps the two apart.
///
/// [`Store::write_or_refuse`]: super::Store::write_or_refuse
#[derive(Debug, Clone)]
pub enum TxError<E> {
    Refused(E),
    Store(StoreError),
}

/// A type of refusals: `?` turns it into [`TxError::Refused`].
pub trait RefusalReason {}

impl RefusalReason for OAuthError {}

impl<E: RefusalReason> From<E> for TxError<E> {
    fn from(refusal: E) -> Self {
        Self::Refused(refusal)
    }
}

impl<E> From<StoreError> for TxError<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<E> TxError<E> {
    /// The same, with the refusal in the caller's own terms.
    pub fn map<F>(self, refusal: impl FnOnce(E) -> F) -> TxError<F> {
        match self {
            Self::Refused(reason) => TxError::Refused(refusal(reason)),
            Self::Store(error) => TxError::Store(error),
        }
    }

    /// What decides about the transaction: `Ok` commits, refused or not, and `Err` rolls back.
    pub fn settle<T>(done: Result<T, Self>) -> Result<Result<T, E>, StoreError> {
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(Self::Refused(refusal)) => Ok(Err(refusal)),
            Err(Self::Store(error)) => Err(error),
        }
    }

    /// The converse of [`TxError::settle`], after the transaction.
    pub fn unsettle<T>(settled: Result<Result<T, E>, StoreError>) -> Result<T, Self> {
        settled?.map_err(Self::Refused)
    }
}
