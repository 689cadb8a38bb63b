//! What an API key or a personal token was given, and what is left of it right now.

use super::management;
use super::scope::{BadScope, Catalog, ScopeSet};

/// The scopes of a static credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantedScopes {
    /// Whatever its owner's role holds, except the scopes that manage credentials: those have to be named.
    Unrestricted,
    Scopes(ScopeSet),
}

impl GrantedScopes {
    /// Reads what is stored.
    pub fn from_stored(unrestricted: bool, scopes: &str) -> Result<Self, BadScope> {
        if unrestricted { Ok(Self::Unrestricted) } else { ScopeSet::parse(scopes).map(Self::Scopes) }
    }

    pub fn is_unrestricted(&self) -> bool {
        match self {
            Self::Unrestricted => true,
            Self::Scopes(_) => false,
        }
    }

    /// The scopes by name; none for an unrestricted one.
    pub fn named(&self) -> ScopeSet {
        match self {
            Self::Unrestricted => ScopeSet::default(),
            Self::Scopes(scopes) => scopes.clone(),
        }
    }

    /// Granted ∩ what the owner's role holds.
    pub fn within(&self, catalog: &Catalog, role: &str) -> ScopeSet {
        let held = catalog.held_by(role);
        match self {
            Self::Unrestricted => held.difference(&management::scopes()),
            Self::Scopes(scopes) => scopes.intersection(&held),
        }
    }
}
