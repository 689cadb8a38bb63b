//! The signing keys of this node, replaced as a whole when the database has newer ones.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::domain::time::Time;
use crate::grants::Issued;
use crate::keys::jwt::{self, AccessClaims, Rejected, TokenType};
use crate::keys::master::MasterKey;
use crate::keys::set::KeySet;
use crate::keys::signer::{NotSigned, Signer, signed_by};
use crate::services::signing_keys::{self, KeyFailure, Stored};
use crate::store::StoreError;

/// A token with an unknown key makes this node look at the database at most this often.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// A key set that was compared with the database no longer ago than this is used as it is. Older ones are read again
/// first, so that a revoked key works nowhere for longer than this, whatever the maintenance of this node does.
const TRUSTED_FOR: Duration = Duration::from_secs(3);

/// Signs with the active key and verifies with every published one.
pub struct Keyring {
    held: RwLock<Held>,
    signer: Signer,
    looked_at: Mutex<Option<Instant>>,
    /// Held while the database is read, so that what is older never replaces what is newer.
    reading: tokio::sync::Mutex<()>,
}

struct Held {
    set: Arc<KeySet>,
    stored: Stored,
    /// When the database was last asked whether this is what it has.
    confirmed: Instant,
}

impl Keyring {
    /// `set` is what was opened of `stored`, which the database had at `confirmed`.
    pub fn new(set: KeySet, stored: Stored, confirmed: Instant, signer: Signer) -> Self {
        let held = RwLock::new(Held { set: Arc::new(set), stored, confirmed });
        Self { held, signer, looked_at: Mutex::new(None), reading: tokio::sync::Mutex::new(()) }
    }

    pub fn current(&self) -> Arc<KeySet> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).set.clone()
    }

    /// Whether the keys have to be compared with the database before they are used.
    pub fn is_stale(&self) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).confirmed.elapsed() > TRUSTED_FOR
    }

    /// Takes over what `read` finds in the database. If it finds the same as before, no key is opened again.
    pub async fn reload(
        &self,
        master: &MasterKey,
        read: impl AsyncFnOnce() -> Result<Stored, StoreError>,
    ) -> Result<(), KeyFailure> {
        let _reading = self.reading.lock().await;
        let began = Instant::now();
        let stored = read().await?;
        if self.confirm(&stored, began) {
            return Ok(());
        }
        let set = Arc::new(signing_keys::open(&stored, master)?);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        *held = Held { set, stored, confirmed: began };
        Ok(())
    }

    fn confirm(&self, stored: &Stored, at: Instant) -> bool {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let same = held.stored == *stored;
        if same {
            held.confirmed = at;
        }
        same
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entropy::Entropy;
    use crate::domain::signing::KeyState;
    use crate::domain::time::Clock;
    use crate::keys::rsa_key;
    use crate::services::signing_keys::Sealed;

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    #[tokio::test]
    async fn ca_03_keys_are_compared_with_the_database_before_use_when_that_was_too_long_ago() {
        let master = MasterKey::new(&[1; 32], "https://auth.example.com");
        let stored = || {
            let key = rsa_key::generate(2048, Entropy).unwrap();
            let row = Sealed::new(&master, &key, Entropy).into_row(KeyState::Active, Clock::System.now());
            Stored::new(vec![row], chrono::TimeDelta::hours(8))
        };
        let (first, second) = (stored(), stored());
        let open = |stored: &Stored| signing_keys::open(stored, &master).unwrap();
        let signer = Signer::start(1, &crate::supervise::Tasks::default()).unwrap();
        assert!(!Keyring::new(open(&first), first.clone(), ago(0), signer.clone()).is_stale());

        let keyring = Keyring::new(open(&first), first.clone(), ago(10), signer);
        assert!(keyring.is_stale());
        let away = keyring.reload(&master, async || Err(StoreError::Unavailable("away".into()))).await;
        assert!(away.is_err() && keyring.is_stale(), "what cannot be compared is not trusted");
        let before = keyring.current();
        keyring.reload(&master, async || Ok(first.clone())).await.unwrap();
        assert!(
            !keyring.is_stale() && Arc::ptr_eq(&before, &keyring.current()),
            "the same is not opened again"
        );
        keyring.reload(&master, async || Ok(second.clone())).await.unwrap();
        assert_ne!(before.active().kid, keyring.current().active().kid);
    }
}
