//! The signing keys in the memory of a node.

use std::sync::Arc;

use chrono::TimeDelta;
use jsonwebtoken::DecodingKey;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet};

use super::error::KeyError;
use super::master::MasterKey;
use super::rsa_key::PrivateKey;
use crate::domain::signing::KeyState;
use crate::domain::time::Time;

/// A signing key as stored.
pub struct StoredKey<'a> {
    pub kid: &'a str,
    pub state: KeyState,
    pub public_jwk: &'a str,
    pub private_sealed: &'a [u8],
    pub retired_at: Option<Time>,
}

/// A published key, ready to verify with.
struct PublishedKey {
    kid: String,
    verify: DecodingKey,
    retired_at: Option<Time>,
}

/// The key to verify a token with.
#[derive(Clone, Copy)]
pub struct VerificationKey<'a> {
    pub key: &'a DecodingKey,
    /// Tokens issued after this time are not valid.
    pub retired_at: Option<Time>,
}

/// All published keys, and the active one.
pub struct KeySet {
    published: Vec<PublishedKey>,
    active: Arc<PrivateKey>,
    jwks: String,
    longest_lifetime: TimeDelta,
}

impl KeySet {
    pub fn open(
        master: &MasterKey,
        keys: &[StoredKey<'_>],
        longest_lifetime: TimeDelta,
    ) -> Result<Self, KeyError> {
        let mut published = Vec::with_capacity(keys.len());
        let mut jwks: Vec<CoreJsonWebKey> = Vec::with_capacity(keys.len());
        let mut active = None;
        for key in keys {
            let damaged = || KeyError::Damaged(key.kid.to_owned());
            let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(key.public_jwk).map_err(|_| damaged())?;
            let verify = DecodingKey::from_jwk(&jwk).map_err(|_| damaged())?;
            published.push(PublishedKey { kid: key.kid.to_owned(), verify, retired_at: key.retired_at });
            jwks.push(serde_json::from_str(key.public_jwk).map_err(|_| damaged())?);
            if key.state == KeyState::Active {
                let pkcs8 = master.open(key.kid, key.private_sealed)?;
                active = Some(Arc::new(PrivateKey::parse(key.kid, &pkcs8).map_err(|_| damaged())?));
            }
        }
        let jwks = serde_json::to_string(&CoreJsonWebKeySet::new(jwks)).map_err(|_| KeyError::NoActiveKey)?;
        Ok(Self { published, active: active.ok_or(KeyError::NoActiveKey)?, jwks, longest_lifetime })
    }

    /// The key that signs new tokens.
    pub fn active(&self) -> Arc<PrivateKey> {
        self.active.clone()
    }

    /// The key to verify with. Looks up the `kid` in memory only.
    pub fn verification_key(&self, kid: &str) -> Option<VerificationKey<'_>> {
        let published = self.published.iter().find(|key| key.kid == kid)?;
        Some(VerificationKey { key: &published.verify, retired_at: published.retired_at })
    }

    /// The longest lifetime of tokens that these keys sign.
    pub fn longest_lifetime(&self) -> TimeDelta {
        self.longest_lifetime
    }

    /// The published JWK set (RFC 7517).
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySet").field("active", &self.active.kid).finish_non_exhaustive()
    }
}
