//! Why a command of the operator about people and organizations changed nothing.

use super::last_owner::LastOwner;
use super::refusal::ServiceRefusal;
use crate::domain::time::Time;
use crate::store::{RefusalReason, TxError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorRefusal {
    NoSuchUser,
    NoSuchOrganization,
    /// The user is not a member of the organization.
    NotAMember,
    /// The user is disabled.
    UserDisabled,
    LastOwner(LastOwner),
    /// The server is still moving personal values out of older audit events.
    ValuesInEvents,
    /// A name that the organization cannot have.
    Names(ServiceRefusal),
    /// The deletion of the organization can no longer be undone.
    UndoOver {
        since: Time,
    },
}

impl RefusalReason for OperatorRefusal {}

impl From<TxError<LastOwner>> for TxError<OperatorRefusal> {
    fn from(error: TxError<LastOwner>) -> Self {
        error.map(OperatorRefusal::LastOwner)
    }
}
