//! The signing keys of this node, replaced as a whole when the database has newer ones.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::domain::time::Time;
use crate::grants::Issued;
use crate::keys::jwt::{self, AccessClaims, Rejected, TokenType};
use crate::keys::set::KeySet;
use crate::keys::signer::{NotSigned, Signer, signed_by};

/// A token with an unknown key makes this node look at the database at most this often.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// Signs with the active key and verifies with every published one.
pub struct Keyring {
    set: RwLock<Arc<KeySet>>,
    signer: Signer,
    looked_at: Mutex<Option<Instant>>,
}

impl Keyring {
    pub fn new(set: KeySet, signer: Signer) -> Self {
        Self { set: RwLock::new(Arc::new(set)), signer, looked_at: Mutex::new(None) }
    }

    pub fn current(&self) -> Arc<KeySet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn replace(&self, set: KeySet) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }

    /// Whether an unknown key is a reason to look at the database now.
    pub fn may_look(&self) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let rested = looked_at.is_none_or(|at| now.duration_since(at) >= RELOAD_PAUSE);
        if rested {
            *looked_at = Some(now);
        }
        rested
    }

    /// Signs claims with the key that is active now.
    pub async fn sign<T: Serialize>(&self, token_type: TokenType, claims: &T) -> Result<String, NotSigned> {
        let key = self.current().active();
        let message = jwt::message(token_type, &key.kid, claims).map_err(|_| NotSigned::Failed)?;
        self.signer.sign(key, message).await
    }

    /// Whether a request that will need a signature should begin now.
    pub fn has_room(&self) -> bool {
        self.signer.has_room()
    }

    /// The same for what a signing thread is to `issue` first.
    pub fn sign_later(
        &self,
        issue: impl FnOnce() -> Issued + Send + 'static,
        deliver: impl FnOnce(Result<(Issued, String), NotSigned>) + Send + 'static,
    ) {
        let key = self.current().active();
        let work = move || {
            let issued = issue();
            let message = jwt::message(TokenType::Access, &key.kid, &issued.claims);
            let token = signed_by(&key, message.map_err(|_| NotSigned::Failed)?)?;
            Ok((issued, token))
        };
        self.signer.submit(work, deliver);
    }

    pub fn verify_access(&self, issuer: &str, now: Time, token: &str) -> Result<AccessClaims, Rejected> {
        jwt::verify_access(&self.current(), issuer, now, token)
    }
}
