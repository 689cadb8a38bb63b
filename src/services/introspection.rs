//! What a token is, told to those who may know: RFC 7662.

use crate::keys::jwt::AccessClaims;

use super::authenticate::Principal;

/// Who asks.
#[derive(Debug)]
pub enum Requester {
    /// A confidential client, which the operator has registered: any access token, key or personal token.
    Client { id: String },
    /// A key of an organization: those of the organization.
    Organization { id: String },
}

/// A token that works right now.
#[derive(Debug)]
pub struct ActiveToken {
    pub principal: Principal,
    /// Of access tokens.
    pub claims: Option<AccessClaims>,
    pub is_refresh: bool,
}

impl ActiveToken {
    /// Nothing if it is none of the caller's business: a refresh token belongs to the client that holds it alone.
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
