//! Why an act on keys, tokens and service accounts is not done. Each says what to do instead.

use super::authenticate::Refused;
use crate::domain::scope::ScopeSet;
use crate::store::RefusalReason;

/// An act that is refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The credential in use gives nothing any more.
    Credential(Refused),
    /// There is none, or none that they may know of.
    NotFound(&'static str),
    /// It takes these scopes, which the credential in use does not have.
    MissingScopes(ScopeSet),
    /// The organization's policy, or the place of whoever asks in it.
    Forbidden { code: ForbiddenCode, message: String },
    /// A field holds what it cannot.
    Invalid { field: &'static str, message: String },
    /// What it is about is past changing.
    Ended(String),
}

/// What forbids it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForbiddenCode {
    KeysOff,
    PersonalTokensOff,
    NotPermitted,
}

impl RefusalReason for Refusal {}

impl Refusal {
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden { code: ForbiddenCode::NotPermitted, message: message.into() }
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}
