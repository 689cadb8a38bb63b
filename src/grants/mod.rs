//! One file per grant. A grant decides inside a write transaction and returns what is to be signed; the signature is
//! made after the commit, outside the transaction.
//!
//! A refusal is `Ok(Err(OAuthError))`: what it did, such as ending a session, commits. `Err` rolls back.

pub mod authorization_code;
pub mod device;
pub mod refresh;
mod session;

pub use session::{Granted, Issued};

use crate::domain::oauth_error::OAuthError;

/// What a grant comes to, once the database has agreed.
pub type Outcome = Result<Issued, OAuthError>;
