//! The scopes granted to an API key or personal token, and those in effect.

use super::management;
use super::parse_error::ParseError;
use super::scope::{Catalog, ScopeSet};

/// The scopes of a static credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantedScopes {
    /// All scopes of its owner's role, except those that manage credentials, which must be granted by name.
    Unrestricted,
    Scopes(ScopeSet),
}

impl GrantedScopes {
    /// From the stored columns.
    pub fn from_stored(unrestricted: bool, scopes: &str) -> Result<Self, ParseError> {
        if unrestricted { Ok(Self::Unrestricted) } else { ScopeSet::parse(scopes).map(Self::Scopes) }
    }

    pub fn is_unrestricted(&self) -> bool {
        match self {
            Self::Unrestricted => true,
            Self::Scopes(_) => false,
        }
    }

    /// The scopes granted by name; empty if unrestricted.
    pub fn named(&self) -> ScopeSet {
        match self {
            Self::Unrestricted => ScopeSet::default(),
            Self::Scopes(scopes) => scopes.clone(),
        }
    }

    /// The scopes in effect: granted ∩ of the owner's role.
    pub fn within(&self, catalog: &Catalog, role: &str) -> ScopeSet {
        let held = catalog.held_by(role);
        match self {
            Self::Unrestricted => held.difference(&management::scopes()),
            Self::Scopes(scopes) => scopes.intersection(&held),
        }
    }
}
