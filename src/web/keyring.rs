//! The signing keys of this node, replaced as a whole when the database has newer ones.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

use crate::domain::time::Time;
use crate::keys::jwt::{self, AccessClaims, Rejected, TokenType};
use crate::keys::set::KeySet;
use crate::keys::signer::{NotSigned, Signer};

/// Signs with the active key and verifies with every published one.
pub struct Keyring {
    set: RwLock<Arc<KeySet>>,
    signer: Signer,
}

impl Keyring {
    pub fn new(set: KeySet, signer: Signer) -> Self {
        Self { set: RwLock::new(Arc::new(set)), signer }
    }

    pub fn current(&self) -> Arc<KeySet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn replace(&self, set: KeySet) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }

    /// Signs claims with the key that is active now.
    pub async fn sign<T: Serialize>(&self, token_type: TokenType, claims: &T) -> Result<String, NotSigned> {
        let key = self.current().active();
        let message = jwt::message(token_type, &key.kid, claims).map_err(|_| NotSigned::Failed)?;
        self.signer.sign(key, message).await
    }

    pub fn verify_access(&self, issuer: &str, now: Time, token: &str) -> Result<AccessClaims, Rejected> {
        jwt::verify_access(&self.current(), issuer, now, token)
    }
}
