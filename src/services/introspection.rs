//! Token introspection, RFC 7662.

use crate::keys::jwt::AccessClaims;

use super::authenticate::Principal;

/// The authenticated requester.
#[derive(Debug)]
pub enum Requester {
    /// A confidential client: may introspect any access token, key or personal token.
    Client { id: String },
    /// An API key: may introspect tokens and keys of its organization.
    Organization { id: String },
}

/// An active token.
#[derive(Debug)]
pub struct ActiveToken {
    pub principal: Principal,
    /// `None` unless it is an access token.
    pub claims: Option<AccessClaims>,
    pub is_refresh: bool,
}

impl ActiveToken {
    /// `None` if the requester may not see it: a refresh token is only visible to its own client.
    pub fn visible_to(self, asking: &Requester) -> Option<Self> {
        let may_know = match asking {
            Requester::Organization { id } => self.principal.organization.id == *id && !self.is_refresh,
            Requester::Client { id } => {
                !self.is_refresh || self.principal.client.as_ref().is_some_and(|holder| holder.id == *id)
            }
        };
        may_know.then_some(self)
    }
}
