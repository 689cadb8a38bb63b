//! The signing keys of this node, replaced as a whole when they change in the database.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::domain::time::Time;
use crate::grants::TokenSet;
use crate::keys::jwt::{self, AccessClaims, JwtError, TokenType};
use crate::keys::master::MasterKey;
use crate::keys::set::KeySet;
use crate::keys::signer::{SignError, Signer, signed_by};
use crate::services::signing_keys::{self, SigningKeyError, StoredKeys};
use crate::store::StoreError;

/// Minimum interval between reloads caused by tokens with an unknown key.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);

/// A key set that was compared with the database within this time is used as it is. An older one is reloaded
/// first, so that no node uses a revoked key for longer, even if its maintenance fails.
const TRUSTED_FOR: Duration = Duration::from_secs(3);

/// Signs with the active key and verifies with every published one.
pub struct Keyring {
    trusted: RwLock<TrustedKeys>,
    signer: Signer,
    looked_at: Mutex<Option<Instant>>,
    /// Locked while reading the database, so that older keys never replace newer ones. Has the last failure
    /// and its time.
    reading: tokio::sync::Mutex<Option<(Instant, StoreError)>>,
}

struct TrustedKeys {
    set: Arc<KeySet>,
    stored: StoredKeys,
    /// Last comparison with the database.
    confirmed: Instant,
}

impl Keyring {
    /// `set` is the opened form of `stored`, which was in the database at `confirmed`.
    pub fn new(set: KeySet, stored: StoredKeys, confirmed: Instant, signer: Signer) -> Self {
        let trusted = RwLock::new(TrustedKeys { set: Arc::new(set), stored, confirmed });
        Self { trusted, signer, looked_at: Mutex::new(None), reading: tokio::sync::Mutex::default() }
    }

    pub fn current(&self) -> Arc<KeySet> {
        self.trusted.read().unwrap_or_else(PoisonError::into_inner).set.clone()
    }

    /// Whether the keys must be compared with the database before use.
    pub fn is_stale(&self) -> bool {
        self.confirmed() < Self::trusted_since()
    }

    fn confirmed(&self) -> Instant {
        self.trusted.read().unwrap_or_else(PoisonError::into_inner).confirmed
    }

    /// Time after which a comparison with the database is recent enough.
    pub fn trusted_since() -> Instant {
        let now = Instant::now();
        now.checked_sub(TRUSTED_FOR).unwrap_or(now)
    }

    /// Replaces the keys with the result of `read`, unless a read that began at `since` or later has
    /// succeeded. Unchanged keys are not opened again. A failed read fails for all that waited for it, so
    /// that with the database unavailable no request waits for a series of reads.
    pub async fn reload(
        &self,
        since: Instant,
        master: &MasterKey,
        read: impl AsyncFnOnce() -> Result<StoredKeys, StoreError>,
    ) -> Result<(), SigningKeyError> {
        let asked = Instant::now();
        let mut failed = self.reading.lock().await;
        if self.confirmed() >= since {
            return Ok(());
        }
        if let Some((at, error)) = &*failed
            && *at >= asked
        {
            return Err(error.clone().into());
        }
        let began = Instant::now();
        let stored = read().await.inspect_err(|error| *failed = Some((Instant::now(), error.clone())))?;
        if self.confirm(&stored, began) {
            return Ok(());
        }
        let set = Arc::new(signing_keys::open(&stored, master)?);
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        *trusted = TrustedKeys { set, stored, confirmed: began };
        Ok(())
    }

    fn confirm(&self, stored: &StoredKeys, at: Instant) -> bool {
        let mut trusted = self.trusted.write().unwrap_or_else(PoisonError::into_inner);
        let same = trusted.stored == *stored;
        if same {
            trusted.confirmed = at;
        }
        same
    }

    /// Whether an unknown key may cause a reload now.
    pub fn may_reload(&self) -> bool {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let rested = looked_at.is_none_or(|at| now.duration_since(at) >= RELOAD_PAUSE);
        if rested {
            *looked_at = Some(now);
        }
        rested
    }

    /// Signs claims with the active key.
    pub async fn sign<T: Serialize>(&self, token_type: TokenType, claims: &T) -> Result<String, SignError> {
        let key = self.current().active();
        let message = jwt::signing_input(token_type, &key.kid, claims).map_err(|_| SignError::Failed)?;
        self.signer.sign(key, message).await
    }

    /// Whether the signing queue has room for a request that will need a signature.
    pub fn has_room(&self) -> bool {
        self.signer.has_room()
    }

    /// [`Self::sign`] for claims that a signing thread creates with `issue`.
    pub fn sign_later(
        &self,
        issue: impl FnOnce() -> TokenSet + Send + 'static,
        deliver: impl FnOnce(Result<(TokenSet, String), SignError>) + Send + 'static,
    ) {
        let key = self.current().active();
        let work = move || {
            let issued = issue();
            let message = jwt::signing_input(TokenType::Access, &key.kid, &issued.claims);
            let token = signed_by(&key, message.map_err(|_| SignError::Failed)?)?;
            Ok((issued, token))
        };
        self.signer.submit(work, deliver);
    }

    pub fn verify_access(&self, issuer: &str, now: Time, token: &str) -> Result<AccessClaims, JwtError> {
        jwt::verify_access(&self.current(), issuer, now, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Clock;
    use crate::domain::entropy::Entropy;
    use crate::domain::signing::KeyState;
    use crate::keys::rsa_key;
    use crate::services::signing_keys::SealedKey;

    fn ago(seconds: u64) -> Instant {
        Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap()
    }

    #[tokio::test]
    async fn ca_03_keys_are_compared_with_the_database_before_use_when_that_was_too_long_ago() {
        let master = MasterKey::new(&[1; 32], "https://auth.example.com");
        let stored = || {
            let key = rsa_key::generate(2048, Entropy).unwrap();
            let row = SealedKey::new(&master, &key, Entropy).into_row(KeyState::Active, Clock::System.now());
            StoredKeys::new(vec![row], chrono::TimeDelta::hours(8))
        };
        let (first, second) = (stored(), stored());
        let open = |stored: &StoredKeys| signing_keys::open(stored, &master).unwrap();
        let signer = Signer::start(1, &crate::supervise::Tasks::default()).unwrap();
        assert!(!Keyring::new(open(&first), first.clone(), ago(0), signer.clone()).is_stale());

        let keyring = Keyring::new(open(&first), first.clone(), ago(10), signer);
        assert!(keyring.is_stale());
        let away = keyring
            .reload(Instant::now(), &master, async || Err(StoreError::Unavailable("away".into())))
            .await;
        assert!(away.is_err() && keyring.is_stale(), "what cannot be compared is not trusted");
        let before = keyring.current();
        keyring.reload(Instant::now(), &master, async || Ok(first.clone())).await.unwrap();
        assert!(
            !keyring.is_stale() && Arc::ptr_eq(&before, &keyring.current()),
            "the same is not opened again"
        );
        keyring.reload(Instant::now(), &master, async || Ok(second.clone())).await.unwrap();
        assert_ne!(before.active().kid, keyring.current().active().kid);
    }

    #[tokio::test]
    async fn ht_10_callers_share_the_read_that_they_wait_for() {
        const CROWD: usize = 100;
        let master = MasterKey::new(&[1; 32], "https://auth.example.com");
        let key = rsa_key::generate(2048, Entropy).unwrap();
        let row = SealedKey::new(&master, &key, Entropy).into_row(KeyState::Active, Clock::System.now());
        let stored = StoredKeys::new(vec![row], chrono::TimeDelta::hours(8));
        let signer = Signer::start(1, &crate::supervise::Tasks::default()).unwrap();
        let set = signing_keys::open(&stored, &master).unwrap();
        let keyring = Keyring::new(set, stored.clone(), ago(10), signer);
        let reads = std::cell::Cell::new(0);
        let crowd = async |since: fn() -> Instant, found: Result<StoredKeys, StoreError>| {
            reads.set(0);
            let one = || {
                keyring.reload(since(), &master, async || {
                    reads.set(reads.get() + 1);
                    // All callers have started before the read ends.
                    tokio::task::yield_now().await;
                    found.clone()
                })
            };
            futures_util::future::join_all((0..CROWD).map(|_| one())).await
        };
        let away = || StoreError::Unavailable("away".into());
        for answer in crowd(Keyring::trusted_since, Err(away())).await {
            assert!(matches!(answer, Err(SigningKeyError::Store(StoreError::Unavailable(_)))));
        }
        assert_eq!(reads.get(), 1, "one failure is told to all who waited for it");
        for answer in crowd(Keyring::trusted_since, Ok(stored)).await {
            answer.unwrap();
        }
        assert_eq!(reads.get(), 1, "an earlier failure is not told, and one success is enough for all");
        assert!(crowd(Instant::now, Err(away())).await.iter().all(Result::is_err));
        assert_eq!(reads.get(), 1, "what has to be newer is read");
    }
}
