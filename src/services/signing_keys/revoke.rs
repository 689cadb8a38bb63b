//! Immediate revocation of signing keys: they no longer sign or verify, and the private keys are deleted.

use crate::config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::signing::KeyState;
use crate::keys::master::MasterKey;
use crate::store::signing_keys::{self as rows, SigningKey};
use crate::store::{Store, StoreError, Work};

use super::{SealedKey, SigningKeyError, in_state, make, require_openable};

/// Attempts at a revocation while other nodes change the keys.
const ATTEMPTS: usize = 4;

/// Which keys to revoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    Named(Vec<String>),
    All,
}

impl Revocation {
    fn covers(&self, key: &SigningKey) -> bool {
        match self {
            Self::Named(kids) => kids.contains(&key.kid),
            Self::All => true,
        }
    }

    /// The first named key that does not exist, if any.
    fn unknown<'a>(&'a self, keys: &[SigningKey]) -> Option<&'a str> {
        match self {
            Self::Named(kids) => kids.iter().find(|kid| keys.iter().all(|key| key.kid != **kid)),
            Self::All => None,
        }
        .map(String::as_str)
    }
}

/// Outcome of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    Done {
        revoked: Vec<String>,
        /// The new active key.
        active: String,
    },
    /// There is no key with this id. Nothing was revoked.
    Unknown(String),
}

/// Revokes keys. If the active key is among them, the next key becomes active; missing keys are generated.
pub async fn revoke(
    store: &Store,
    master: &MasterKey,
    rules: &config::Keys,
    which: Revocation,
) -> Result<Revoked, SigningKeyError> {
    for _ in 0..ATTEMPTS {
        let keys = store.read(rows::list).await?;
        if let Some(kid) = which.unknown(&keys) {
            return Ok(Revoked::Unknown(kid.to_owned()));
        }
        let active = in_state(&keys, KeyState::Active);
        let takes_over = active.is_none_or(|active| which.covers(active));
        let next = in_state(&keys, KeyState::Next).filter(|next| takes_over && !which.covers(next));
        require_openable(active, next, master)?;
        let mut fresh = Vec::new();
        for _ in 0..missing(&keys, &which) {
            fresh.push(make(master, rules.rsa_bits).await?);
        }
        let which = which.clone();
        if let Some(done) = store.write(move |work| replace(work, &which, fresh)).await? {
            return Ok(done);
        }
    }
    Err(StoreError::Unavailable("the signing keys kept changing; revoke again".into()).into())
}

/// Number of keys to generate, so that there is an active and a next one.
fn missing(keys: &[SigningKey], which: &Revocation) -> usize {
    let remains = |state| in_state(keys, state).is_some_and(|key| !which.covers(key));
    [KeyState::Active, KeyState::Next].into_iter().filter(|state| !remains(*state)).count()
}

/// Revokes inside a write; `None` if the keys have changed and more must be generated first.
fn replace(
    work: &mut Work<'_>,
    which: &Revocation,
    mut fresh: Vec<SealedKey>,
) -> Result<Option<Revoked>, StoreError> {
    let keys = rows::lock(work.conn)?;
    if let Some(kid) = which.unknown(&keys) {
        return Ok(Some(Revoked::Unknown(kid.to_owned())));
    }
    if fresh.len() < missing(&keys, which) {
        return Ok(None);
    }
    let (revoked, kept): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| which.covers(key));
    for key in &revoked {
        rows::delete(work.conn, &key.kid)?;
    }
    let mut next = in_state(&kept, KeyState::Next).map(|key| key.kid.clone());
    let active = match in_state(&kept, KeyState::Active).map(|key| key.kid.clone()) {
        Some(active) => active,
        None => match next.take() {
            Some(next) => {
                rows::activate(work.conn, &next, work.now)?;
                next
            }
            None => insert(work, fresh.pop(), KeyState::Active)?,
        },
    };
    if next.is_none() {
        insert(work, fresh.pop(), KeyState::Next)?;
    }
    for key in &revoked {
        let event = Event::new(Action::SigningKeyRevoked, Actor::Operator, &Origin::default());
        let event = event.target(&key.kid).detail("state", key.state.as_str());
        work.record(event.detail("active", Fact::id(&active)));
    }
    Ok(Some(Revoked::Done { revoked: revoked.into_iter().map(|key| key.kid).collect(), active }))
}

fn insert(work: &mut Work<'_>, fresh: Option<SealedKey>, state: KeyState) -> Result<String, StoreError> {
    let fresh = fresh.ok_or_else(|| StoreError::Failed("a signing key is missing".to_owned()))?;
    let row = fresh.into_row(state, work.now);
    rows::insert(work.conn, &row)?;
    Ok(row.kid)
}
