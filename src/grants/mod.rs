//! One file per grant. A grant decides inside a write transaction and returns the claims; tokens are signed
//! after the commit, outside the transaction.
//!
//! Codes and refresh tokens have two paths. The fast path, for clients in this node's cache, batches
//! concurrent requests on the store's batch thread; the slow path is a transaction of its own. Both read the
//! same stored state and ask the same pure function `decide`. The fast path only carries out decisions to
//! issue tokens; on any other decision it changes nothing and the request takes the slow path.

pub mod authorization_code;
pub mod device;
pub mod refresh;
mod session;

pub use session::{ApprovedGrant, TokenSet};

use crate::domain::oauth_error::OAuthError;
use crate::store::TxError;

/// Result of a grant inside its transaction.
pub type Outcome = Result<TokenSet, TxError<OAuthError>>;
