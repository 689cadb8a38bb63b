//! Refusals of changes to keys, tokens and service accounts. Each message says what to do instead.

use super::auth_error::AuthError;
use crate::domain::scope::ScopeSet;
use crate::store::RefusalReason;

/// A refused change. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceRefusal {
    /// The credential in use is no longer valid.
    Credential(AuthError),
    /// It does not exist, or the actor may not know of it.
    NotFound(&'static str),
    /// The credential in use lacks these scopes.
    MissingScopes(ScopeSet),
    /// Forbidden by the organization's policy or the actor's role.
    Forbidden { code: ForbiddenCode, message: String },
    /// A field has an invalid value.
    Invalid { field: &'static str, message: String },
    /// The object has ended and can no longer be changed.
    Ended(String),
    /// Afterwards no owner who can sign in would be left to manage the organization.
    LastOwner { organization: String },
}

/// Reason of a [`ServiceRefusal::Forbidden`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForbiddenCode {
    KeysOff,
    PersonalTokensOff,
    NotPermitted,
    /// Only a signed-in person may do this, not a credential.
    NeedsPerson,
}

impl RefusalReason for ServiceRefusal {}

impl ServiceRefusal {
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden { code: ForbiddenCode::NotPermitted, message: message.into() }
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}
