//! RSA signing keys.
//!
//! The `rsa` crate generates them. AWS-LC signs, with constant-time private-key operations on a key that is parsed
//! once.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::JwtSigner;
use jsonwebtoken::signature::{Error as SignatureError, Signer};
use rsa::pkcs8::EncodePrivateKey;
use rsa::rand_core::{CryptoRng, RngCore};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::KeyError;
use crate::domain::entropy::Entropy;

/// A new key pair, not sealed yet.
pub struct NewKey {
    pub kid: String,
    /// A JWK with `kty`, `n`, `e`, `kid`, `use` and `alg` only.
    pub public_jwk: Value,
    pub pkcs8: Zeroizing<Vec<u8>>,
}

/// Generates a key pair. Its `kid` is the JWK thumbprint (RFC 7638).
pub fn generate(bits: u32, entropy: Entropy) -> Result<NewKey, KeyError> {
    let key = rsa::RsaPrivateKey::new(&mut EntropyRng(entropy), bits as usize)
        .map_err(|error| KeyError::Rsa(error.to_string()))?;
    let n = URL_SAFE_NO_PAD.encode(key.n().to_bytes_be());
    let e = URL_SAFE_NO_PAD.encode(key.e().to_bytes_be());
    let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical));
    let pkcs8 = key.to_pkcs8_der().map_err(|error| KeyError::Rsa(error.to_string()))?;
    Ok(NewKey {
        public_jwk: json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e }),
        kid,
        pkcs8: Zeroizing::new(pkcs8.as_bytes().to_vec()),
    })
}

/// A parsed private key.
pub struct PrivateKey {
    pub kid: String,
    pair: RsaKeyPair,
}

impl PrivateKey {
    pub fn parse(kid: &str, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|error| KeyError::Rsa(error.to_string()))?;
        Ok(Self { kid: kid.to_owned(), pair })
    }
}

impl Signer<Vec<u8>> for PrivateKey {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(SignatureError::from_source)?;
        Ok(signature)
    }
}

impl JwtSigner for PrivateKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Adapter from [`Entropy`] to the `rsa` crate.
struct EntropyRng(Entropy);

impl RngCore for EntropyRng {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.0.bytes())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.0.bytes())
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        for chunk in into.chunks_mut(64) {
            chunk.copy_from_slice(&self.0.bytes::<64>()[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(into);
        Ok(())
    }
}

impl CryptoRng for EntropyRng {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jw_14_a_published_jwk_has_only_public_members() {
        let key = generate(2048, Entropy).unwrap();
        let names: Vec<&String> = key.public_jwk.as_object().unwrap().keys().collect();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(key.public_jwk["e"], "AQAB");
        let parsed = PrivateKey::parse(&key.kid, &key.pkcs8).unwrap();
        assert_eq!(parsed.try_sign(b"message").unwrap().len(), 256);
    }
}
