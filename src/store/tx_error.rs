//! The error of a transaction that may be refused.

use super::engine::error::StoreError;
use crate::domain::oauth_error::OAuthError;

/// Why work in a transaction has no result. A refusal commits what was written, such as the end of a session or an
/// audit event. A store error rolls back. [`Store::write_or_refuse`] tells the two apart.
///
/// [`Store::write_or_refuse`]: super::Store::write_or_refuse
#[derive(Debug, Clone)]
pub enum TxError<E> {
    Refused(E),
    Store(StoreError),
}

/// A refusal type: `?` converts it to [`TxError::Refused`].
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
    /// Converts the refusal; a store error stays as it is.
    pub fn map<F>(self, refusal: impl FnOnce(E) -> F) -> TxError<F> {
        match self {
            Self::Refused(reason) => TxError::Refused(refusal(reason)),
            Self::Store(error) => TxError::Store(error),
        }
    }

    /// The result on which the transaction decides: `Ok` commits, refused or not; `Err` rolls back.
    pub fn settle<T>(done: Result<T, Self>) -> Result<Result<T, E>, StoreError> {
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(Self::Refused(refusal)) => Ok(Err(refusal)),
            Err(Self::Store(error)) => Err(error),
        }
    }

    /// Undoes [`TxError::settle`] after the transaction.
    pub fn unsettle<T>(settled: Result<Result<T, E>, StoreError>) -> Result<T, Self> {
        settled?.map_err(Self::Refused)
    }
}
