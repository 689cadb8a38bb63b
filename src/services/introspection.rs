//! What a token is, told to those who may know: RFC 7662.

use crate::config::Config;
use crate::domain::time::Time;
use crate::keys::jwt::AccessClaims;
use crate::keys::master::MasterKey;
use crate::keys::refresh_token;
use crate::store::{Conn, StoreError};

use super::present::{self, Principal};

/// Who asks.
#[derive(Debug)]
pub enum Asking {
    /// A confidential client, which the operator has registered: any access token, key or personal token.
    Client { id: String },
    /// A key of an organization: those of the organization.
    Organization { id: String },
}

/// What is asked about.
pub enum Inspected {
    Refresh(refresh_token::Presented),
    Other(present::Token),
}

/// A token that works right now.
#[derive(Debug)]
pub struct Active {
    pub principal: Principal,
    /// Of access tokens.
    pub claims: Option<AccessClaims>,
    pub is_refresh: bool,
}

/// Looks behind a token. Nothing for one that does not work, or that is none of the caller's business: a refresh token
/// belongs to the client that holds it alone. A key that works from some addresses alone is not looked up here, because
/// nobody says where it comes from.
pub fn look(
    conn: &mut Conn,
    config: &Config,
    master: &MasterKey,
    asking: &Asking,
    inspected: Inspected,
    now: Time,
) -> Result<Option<Active>, StoreError> {
    let (checked, claims, is_refresh) = match inspected {
        Inspected::Refresh(token) => (present::check_refresh(conn, config, master, &token, now)?, None, true),
        Inspected::Other(token) => {
            let checked = present::check(conn, config, &token, None, now)?.verdict;
            let claims = match token {
                present::Token::Access(claims) => Some(claims),
                present::Token::Static(_) => None,
            };
            (checked, claims, false)
        }
    };
    let may_know = |principal: &Principal| match asking {
        Asking::Organization { id } => principal.organization.id == *id && !is_refresh,
        Asking::Client { id } => {
            !is_refresh || principal.client.as_ref().is_some_and(|holder| holder.id == *id)
        }
    };
    let principal = checked.ok().filter(may_know);
    Ok(principal.map(|principal| Active { principal, claims, is_refresh }))
}
