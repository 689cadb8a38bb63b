//! What a token is, told to those who may know: RFC 7662.

use crate::keys::jwt::AccessClaims;

use super::authenticate::Principal;

/// Who asks.
#[derive(Debug)]
pub enum Asking {
    /// A confidential client, which the operator has registered: any access token, key or personal token.
    Client { id: String },
    /// A key of an organization: those of the organization.
    Organization { id: String },
}

/// A token that works right now.
#[derive(Debug)]
pub struct Active {
    pub principal: Principal,
    /// Of access tokens.
    pub claims: Option<AccessClaims>,
    pub is_refresh: bool,
}

impl Active {
    /// Nothing if it is none of the caller's business: a refresh token belongs to the client that holds it alone.
    pub fn told_to(self, asking: &Asking) -> Option<Self> {
        let may_know = match asking {
            Asking::Organization { id } => self.principal.organization.id == *id && !self.is_refresh,
            Asking::Client { id } => {
                !self.is_refresh || self.principal.client.as_ref().is_some_and(|holder| holder.id == *id)
            }
        };
        may_know.then_some(self)
    }
}
