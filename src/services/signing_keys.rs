//! Lifecycle of signing keys: created on the first start, rotated on schedule, deleted when their last token
//! has expired.
//!
//! Generating an RSA key takes up to a second, so it never happens inside a write: a key is generated and
//! sealed first, and the write decides whether it is used.

mod revoke;

use chrono::TimeDelta;

use crate::config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::entropy::Entropy;
use crate::domain::signing::KeyState;
use crate::domain::time::Time;
use crate::keys::error::KeyError;
use crate::keys::master::MasterKey;
use crate::keys::rsa_key::{self, NewKey};
use crate::keys::set::{KeySet, StoredKey};
use crate::store::signing_keys::{self as rows, SigningKey};
use crate::store::{Conn, Store, StoreError, Work, clients, deployment_settings};

pub use revoke::{Revocation, Revoked, revoke};

/// How long the old key may sign after a rotation: nodes sign with it until they reload the keys, which takes
/// a few seconds, and clocks may differ. A retired key verifies nothing that was issued after its retirement,
/// so without this time such tokens would be refused. For a leaked key use [`revoke()`].
const HANDOVER: TimeDelta = TimeDelta::seconds(10);

/// Signing keys cannot be generated or used.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(
        "the next signing key, {0}, is sealed with another master key than the active one, so no node could start \
         once it signs. Nothing was changed."
    )]
    ForeignNextKey(String),
}

/// A sealed key that is not inserted yet.
#[derive(Clone)]
pub struct SealedKey {
    kid: String,
    public_jwk: String,
    private: Vec<u8>,
}

impl SealedKey {
    pub fn new(master: &MasterKey, key: &NewKey, entropy: Entropy) -> Self {
        Self {
            kid: key.kid.clone(),
            public_jwk: key.public_jwk.to_string(),
            private: master.seal(&key.kid, &key.pkcs8, entropy),
        }
    }

    /// The row of the key.
    pub fn into_row(self, state: KeyState, now: Time) -> SigningKey {
        SigningKey {
            kid: self.kid,
            state,
            algorithm: "RS256".to_owned(),
            public_jwk: self.public_jwk,
            private_sealed: self.private,
            created_at: now,
            activated_at: (state == KeyState::Active).then_some(now),
            retired_at: None,
        }
    }
}

/// Generates a key on a blocking thread and seals it.
async fn make(master: &MasterKey, bits: u32) -> Result<SealedKey, SigningKeyError> {
    let made = tokio::task::spawn_blocking(move || rsa_key::generate(bits, Entropy)).await;
    let key = made.map_err(|error| StoreError::Failed(error.to_string()))??;
    Ok(SealedKey::new(master, &key, Entropy))
}

/// The sealed active signing key, which shows the right master key.
#[derive(Clone, PartialEq, Eq)]
pub enum SealedKeys {
    /// No signing key was ever created.
    None,
    /// Signing keys were created, but none is active: the table was changed by hand.
    Lost,
    Active {
        kid: String,
        private: Vec<u8>,
    },
}

impl SealedKeys {
    /// Whether this master key opens the sealed key, if there is one.
    pub fn opens_with(&self, master: &MasterKey) -> bool {
        match self {
            Self::None | Self::Lost => true,
            Self::Active { kid, private } => master.open(kid, private).is_ok(),
        }
    }
}

/// Reads the sealed active key.
pub fn sealed(conn: &mut Conn) -> Result<SealedKeys, StoreError> {
    let keys = rows::list(conn)?;
    if let Some(SigningKey { kid, private_sealed, .. }) = in_state(&keys, KeyState::Active) {
        return Ok(SealedKeys::Active { kid: kid.clone(), private: private_sealed.clone() });
    }
    let claimed = deployment_settings::find(conn, rows::CREATED)?.is_some();
    Ok(if claimed || !keys.is_empty() { SealedKeys::Lost } else { SealedKeys::None })
}

/// Creates the first two keys, unless they exist.
pub async fn bootstrap(store: &Store, master: &MasterKey, bits: u32) -> Result<(), SigningKeyError> {
    if !store.read(rows::list).await?.is_empty() {
        return Ok(());
    }
    let (active, next) = tokio::join!(make(master, bits), make(master, bits));
    let (active, next) = (active?, next?);
    store.write(move |work| install(work, active, next)).await?;
    Ok(())
}

/// Inserts the first two keys; `false` if there are keys already.
pub fn install(work: &mut Work<'_>, active: SealedKey, next: SealedKey) -> Result<bool, StoreError> {
    // Once, even if several nodes start together.
    let first = deployment_settings::claim(work.conn, rows::CREATED, &active.kid, work.now)?;
    if first {
        rows::insert(work.conn, &active.into_row(KeyState::Active, work.now))?;
        rows::insert(work.conn, &next.into_row(KeyState::Next, work.now))?;
    }
    Ok(first)
}

/// Every key, oldest first.
pub fn list(conn: &mut Conn) -> Result<Vec<SigningKey>, StoreError> {
    rows::list(conn)
}

/// The signing keys in the database, and the longest lifetime of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKeys {
    keys: Vec<SigningKey>,
    longest_lifetime: TimeDelta,
}

impl StoredKeys {
    pub fn new(keys: Vec<SigningKey>, longest_lifetime: TimeDelta) -> Self {
        Self { keys, longest_lifetime }
    }
}

/// Reads all keys. `access` is the deployment's access token lifetime; a client may have a longer one.
pub fn read(conn: &mut Conn, access: TimeDelta) -> Result<StoredKeys, StoreError> {
    let longest_lifetime = clients::longest_access(conn)?.map_or(access, |longest| longest.max(access));
    Ok(StoredKeys::new(rows::list(conn)?, longest_lifetime))
}

/// Unseals the active key.
pub fn open(stored: &StoredKeys, master: &MasterKey) -> Result<KeySet, KeyError> {
    let keys: Vec<StoredKey<'_>> = stored
        .keys
        .iter()
        .map(|key| StoredKey {
            kid: &key.kid,
            state: key.state,
            public_jwk: &key.public_jwk,
            private_sealed: &key.private_sealed,
            retired_at: key.retired_at,
        })
        .collect();
    KeySet::open(master, &keys, stored.longest_lifetime)
}

/// When the next key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationTiming {
    /// When it has been published long enough to be in every cache.
    OncePublished,
    /// As [`Self::OncePublished`], and the active key has reached its rotation age.
    WhenDue,
    /// At once, at any age: resource servers with a cached key set refuse its tokens until they refetch it.
    Now,
}

/// Outcome of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    Done {
        activated: String,
    },
    /// The next key has not been published long enough.
    TooEarly {
        ready_at: Time,
    },
    /// The active key has not reached its rotation age.
    NotDue,
    /// There is no next key: the table was changed by hand.
    NoNextKey,
}

/// Activates the next key, retires the active one, and publishes a new next key.
pub async fn rotate(
    store: &Store,
    master: &MasterKey,
    rules: &config::Keys,
    timing: RotationTiming,
) -> Result<Rotation, SigningKeyError> {
    let now = store.now();
    let keys = store.read(rows::list).await?;
    if let Some(refusal) = refusal(&keys, rules, timing, now) {
        return Ok(refusal);
    }
    require_openable(in_state(&keys, KeyState::Active), in_state(&keys, KeyState::Next), master)?;
    let fresh = make(master, rules.rsa_bits).await?;
    let rules = rules.clone();
    Ok(store.write(move |work| replace(work, fresh, &rules, timing)).await?)
}

/// Checks that this process has the same master key as other nodes before it seals a key for them, and that
/// the next key can be unsealed.
fn require_openable(
    active: Option<&SigningKey>,
    next: Option<&SigningKey>,
    master: &MasterKey,
) -> Result<(), SigningKeyError> {
    if let Some(active) = active {
        master.open(&active.kid, &active.private_sealed)?;
    }
    match next {
        Some(next) if master.open(&next.kid, &next.private_sealed).is_err() => {
            Err(SigningKeyError::ForeignNextKey(next.kid.clone()))
        }
        _ => Ok(()),
    }
}

/// Rotates inside a write, if still due: another node may have been faster.
fn replace(
    work: &mut Work<'_>,
    fresh: SealedKey,
    rules: &config::Keys,
    timing: RotationTiming,
) -> Result<Rotation, StoreError> {
    let keys = rows::lock(work.conn)?;
    if let Some(refusal) = refusal(&keys, rules, timing, work.now) {
        return Ok(refusal);
    }
    let Some(next) = in_state(&keys, KeyState::Next) else { return Ok(Rotation::NoNextKey) };
    if let Some(active) = in_state(&keys, KeyState::Active) {
        rows::retire(work.conn, &active.kid, work.now + HANDOVER)?;
    }
    rows::activate(work.conn, &next.kid, work.now)?;
    rows::insert(work.conn, &fresh.into_row(KeyState::Next, work.now))?;
    let event = Event::new(Action::SigningKeyRotated, Actor::Operator, &Origin::default())
        .target(&next.kid)
        .detail("automatic", timing == RotationTiming::WhenDue);
    work.record(event);
    Ok(Rotation::Done { activated: next.kid.clone() })
}

/// Why not to rotate; `None` to rotate.
fn refusal(keys: &[SigningKey], rules: &config::Keys, timing: RotationTiming, now: Time) -> Option<Rotation> {
    let Some(next) = in_state(keys, KeyState::Next) else { return Some(Rotation::NoNextKey) };
    let signs_until = in_state(keys, KeyState::Active)
        .map_or(now, |active| active.activated_at.unwrap_or(active.created_at) + rules.rotate_every);
    let ready_at = next.created_at + rules.publish_ahead;
    match timing {
        RotationTiming::Now => None,
        RotationTiming::WhenDue if now < signs_until => Some(Rotation::NotDue),
        RotationTiming::OncePublished | RotationTiming::WhenDue => {
            (now < ready_at).then_some(Rotation::TooEarly { ready_at })
        }
    }
}

/// Deletes retired keys whose last token has expired, and returns their key ids.
pub fn drop_retired(work: &mut Work<'_>, keep_after: TimeDelta) -> Result<Vec<String>, StoreError> {
    let mut dropped = Vec::new();
    for key in rows::lock(work.conn)? {
        if key.retired_at.is_some_and(|retired| retired + keep_after <= work.now) {
            rows::delete(work.conn, &key.kid)?;
            dropped.push(key.kid);
        }
    }
    Ok(dropped)
}

/// Runs scheduled maintenance: automatic rotation and deletion of retired keys.
pub async fn maintain(
    store: &Store,
    master: &MasterKey,
    rules: &config::Keys,
) -> Result<(), SigningKeyError> {
    match rotate(store, master, rules, RotationTiming::WhenDue).await? {
        Rotation::Done { activated } => tracing::info!(kid = activated, "signing key rotated"),
        Rotation::NoNextKey => tracing::warn!("there is no next signing key to rotate to"),
        Rotation::TooEarly { .. } | Rotation::NotDue => {}
    }
    let (now, keep_after) = (store.now(), rules.keep_after);
    let ended = |key: &SigningKey| key.retired_at.is_some_and(|retired| retired + keep_after <= now);
    if store.read(rows::list).await?.iter().any(ended) {
        for kid in store.write(move |work| drop_retired(work, keep_after)).await? {
            tracing::info!(kid, "retired signing key dropped");
        }
    }
    Ok(())
}

fn in_state(keys: &[SigningKey], state: KeyState) -> Option<&SigningKey> {
    keys.iter().find(|key| key.state == state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env};

    fn key(state: KeyState, created: Time, activated: Option<Time>) -> SigningKey {
        SigningKey {
            kid: state.as_str().to_owned(),
            state,
            algorithm: "RS256".to_owned(),
            public_jwk: String::new(),
            private_sealed: Vec::new(),
            created_at: created,
            activated_at: activated,
            retired_at: None,
        }
    }

    #[test]
    fn jw_12_a_key_signs_once_caches_know_it_and_the_one_before_has_had_its_time() {
        let env: Env = [("HOME", "/tmp")].into_iter().collect();
        let rules = Config::load(None, &env).unwrap().keys;
        let start = Time::from_micros(1_795_000_000_000_000).unwrap();
        let keys = [key(KeyState::Active, start, Some(start)), key(KeyState::Next, start, None)];
        let ready_at = start + rules.publish_ahead;
        let second = TimeDelta::seconds(1);

        let decide = |timing, now| refusal(&keys, &rules, timing, now);
        assert_eq!(
            decide(RotationTiming::OncePublished, ready_at - second),
            Some(Rotation::TooEarly { ready_at })
        );
        assert_eq!(decide(RotationTiming::OncePublished, ready_at), None);
        assert_eq!(decide(RotationTiming::WhenDue, ready_at), Some(Rotation::NotDue));
        assert_eq!(
            decide(RotationTiming::WhenDue, start + rules.rotate_every - second),
            Some(Rotation::NotDue)
        );
        assert_eq!(decide(RotationTiming::WhenDue, start + rules.rotate_every), None);
        assert_eq!(decide(RotationTiming::Now, start), None);
        assert_eq!(refusal(&keys[..1], &rules, RotationTiming::Now, start), Some(Rotation::NoNextKey));
    }
}
