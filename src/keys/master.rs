//! The master key, and keys derived from it.
//!
//! It consists of 32 bytes that are never in the database. HKDF-SHA-256 (RFC 5869) derives a separate key for each
//! purpose, so that a MAC made for one purpose is never valid for another.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::error::KeyError;
use crate::domain::entropy::Entropy;
use crate::domain::secret::{Digest, Secret, equal};

/// The purpose of a derived key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    AuthorizationCode,
    Csrf,
    /// Refresh tokens of version 1, whose key does not depend on the issuer.
    FirstRefreshToken,
    Idempotency,
    Installation,
    KnownDevice,
    RefreshToken,
    SetupCode,
    Throttle,
    UserCode,
}

impl Purpose {
    const ALL: [Self; 10] = [
        Self::AuthorizationCode,
        Self::Csrf,
        Self::FirstRefreshToken,
        Self::Idempotency,
        Self::Installation,
        Self::KnownDevice,
        Self::RefreshToken,
        Self::SetupCode,
        Self::Throttle,
        Self::UserCode,
    ];

    fn label(self) -> &'static [u8] {
        match self {
            Self::AuthorizationCode => b"keystile authorization code",
            Self::Csrf => b"keystile csrf",
            Self::FirstRefreshToken => b"keystile refresh token",
            Self::Idempotency => b"keystile idempotency key",
            Self::Installation => b"keystile installation",
            Self::KnownDevice => b"keystile known device",
            Self::RefreshToken => b"keystile refresh token 2\0",
            Self::SetupCode => b"keystile setup code",
            Self::Throttle => b"keystile throttle",
            Self::UserCode => b"keystile user code",
        }
    }

    /// Whether the key is derived for one issuer only. A copy of the deployment under another public URL has the same
    /// master key and rows, and must not issue refresh tokens that this one accepts.
    fn is_bound_to_issuer(self) -> bool {
        match self {
            Self::RefreshToken => true,
            Self::AuthorizationCode
            | Self::Csrf
            | Self::FirstRefreshToken
            | Self::Idempotency
            | Self::Installation
            | Self::KnownDevice
            | Self::SetupCode
            | Self::Throttle
            | Self::UserCode => false,
        }
    }
}

const SEALING: &[u8] = b"keystile sealing";

/// The master key, as derived keys.
pub struct MasterKey {
    /// Indexed by [`Purpose`].
    macs: [hmac::Key; Purpose::ALL.len()],
    sealing: LessSafeKey,
}

impl MasterKey {
    /// Derives all keys. `issuer` is the public URL of this deployment.
    ///
    /// # Panics
    /// Never: every derived key has the length that its algorithm requires.
    pub fn new(bytes: &[u8; 32], issuer: &str) -> Self {
        let derivation = hkdf::Salt::new(hkdf::HKDF_SHA256, b"keystile").extract(bytes);
        let mac = |purpose: Purpose| {
            let issuer = if purpose.is_bound_to_issuer() { issuer } else { "" };
            hmac::Key::new(hmac::HMAC_SHA256, &*derive(&derivation, &[purpose.label(), issuer.as_bytes()]))
        };
        let macs = Purpose::ALL.map(mac);
        let sealing = derive(&derivation, &[SEALING]);
        #[expect(clippy::expect_used, reason = "the key has the length of the algorithm")]
        let sealing = UnboundKey::new(&AES_256_GCM, &*sealing).expect("32 bytes are an AES-256 key");
        Self { macs, sealing: LessSafeKey::new(sealing) }
    }

    /// HMAC-SHA-256 over the parts. Each is prefixed with its length, so that different lists never give the same
    /// input.
    pub fn mac(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.macs[purpose as usize]);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// A token that only this server can create: the MAC in base64url.
    pub fn token(&self, purpose: Purpose, parts: &[&[u8]]) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(self.mac(purpose, parts)))
    }

    /// Whether `presented` is the token for these parts. Compares in constant time.
    pub fn verify_token(&self, purpose: Purpose, parts: &[&[u8]], presented: &str) -> bool {
        equal(self.token(purpose, parts).expose(), presented)
    }

    /// A lookup key that does not reveal the parts, such as an email address.
    pub fn pseudonym(&self, purpose: Purpose, parts: &[&[u8]]) -> Digest {
        self.token(purpose, parts).digest()
    }

    /// Encrypts with AES-256-GCM; the random nonce comes first. `name` is authenticated, so that sealed values cannot
    /// be swapped between rows.
    ///
    /// # Panics
    /// Never: sealed values are shorter than the limit of AES-GCM, 64 GiB.
    pub fn seal(&self, name: &str, plain: &[u8], entropy: Entropy) -> Vec<u8> {
        let nonce = entropy.bytes::<NONCE_LEN>();
        let mut text = plain.to_vec();
        #[expect(clippy::expect_used, reason = "AES-GCM takes up to 64 GiB")]
        self.sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut text)
            .expect("a key is shorter than 64 GiB");
        [&nonce[..], &text[..]].concat()
    }

    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(KeyError::WrongMasterKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::WrongMasterKey)?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .sealing
            .open_in_place(nonce, Aad::from(name), &mut text)
            .map_err(|_| KeyError::WrongMasterKey)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

fn derive(from: &hkdf::Prk, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8160 bytes")]
    from.expand(info, hkdf::HKDF_SHA256)
        .and_then(|material| material.fill(&mut *key))
        .expect("32 bytes are within what HKDF gives");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://auth.example.com";

    #[test]
    fn only_refresh_tokens_depend_on_the_issuer() {
        let (key, copy) =
            (MasterKey::new(&[1; 32], ISSUER), MasterKey::new(&[1; 32], "https://staging.example"));
        for purpose in Purpose::ALL {
            let same = key.mac(purpose, &[b"a"]) == copy.mac(purpose, &[b"a"]);
            assert_eq!(same, purpose != Purpose::RefreshToken, "{purpose:?}");
        }
    }

    #[test]
    fn sealed_data_opens_only_with_its_name_and_key() {
        let key = MasterKey::new(&[1; 32], ISSUER);
        let sealed = key.seal("kid-1", b"private", Entropy);
        assert_eq!(&**key.open("kid-1", &sealed).unwrap(), b"private");
        assert!(key.open("kid-2", &sealed).is_err());
        assert!(MasterKey::new(&[2; 32], ISSUER).open("kid-1", &sealed).is_err());
        assert!(key.open("kid-1", &sealed[..5]).is_err());
    }

    #[test]
    fn purposes_and_lists_of_parts_have_different_macs() {
        let key = MasterKey::new(&[1; 32], ISSUER);
        let macs: std::collections::HashSet<_> =
            Purpose::ALL.iter().map(|purpose| key.mac(*purpose, &[b"a"])).collect();
        assert_eq!(macs.len(), Purpose::ALL.len());
        let labels: std::collections::HashSet<_> =
            Purpose::ALL.iter().map(|purpose| purpose.label()).chain([SEALING]).collect();
        assert_eq!(labels.len(), Purpose::ALL.len() + 1, "sealing has a separate key");
        for (index, purpose) in Purpose::ALL.into_iter().enumerate() {
            assert_eq!(purpose as usize, index, "the order of the keys");
        }
        assert_ne!(key.mac(Purpose::Csrf, &[b"a"]), key.mac(Purpose::RefreshToken, &[b"a"]));
        assert_ne!(key.mac(Purpose::Csrf, &[b"ab", b"c"]), key.mac(Purpose::Csrf, &[b"a", b"bc"]));
    }
}
