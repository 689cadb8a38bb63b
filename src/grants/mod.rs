//! One file per grant. A grant decides inside a write transaction and returns what is to be signed; the signature is
//! made after the commit, outside the transaction.
//!
//! Codes and refresh tokens have two paths. The fast path, for a client that this node has in its cache, gathers what
//! comes at once on the store's batch thread; the slow path is a transaction of its own. Both read the same stored state
//! and ask the same pure function `decide`. The fast path carries out the decision to issue tokens and none besides: for
//! any other it changes nothing and leaves the request to the slow path.

pub mod authorization_code;
pub mod device;
pub mod refresh;
mod session;

pub use session::{ApprovedGrant, TokenSet};

use crate::domain::oauth_error::OAuthError;
use crate::store::TxError;

/// What a grant comes to inside its transaction.
pub type Outcome = Result<TokenSet, TxError<OAuthError>>;
