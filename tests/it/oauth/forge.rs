//! Forged access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::signature::Signer as _;
use keystiled::keys::rsa_key::PrivateKey;
use rsa::RsaPublicKey;
use rsa::pkcs8::{EncodePublicKey as _, LineEnding};
use serde_json::{Value, json};

use crate::support::app::TestApp;

/// The parts of a valid token, to modify and reassemble.
#[derive(Debug, Clone)]
pub(super) struct Forge {
    pub(super) header: Value,
    pub(super) claims: Value,
}

impl Forge {
    pub(super) fn of(token: &str) -> Self {
        let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
        Self { header: next(), claims: next() }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    pub(super) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        for part in [&mut self.header, &mut self.claims] {
            part.as_object_mut().unwrap().remove(name);
        }
        self
    }

    pub(super) fn message(&self) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    /// Signed with the active key of the server.
    pub(super) fn signed(&self, app: &TestApp) -> String {
        self.signed_with(&app.inside().keyring.current().active())
    }

    /// Signed with a private key of the server, as if leaked.
    pub(super) fn signed_with(&self, key: &PrivateKey) -> String {
        let signature = key.try_sign(self.message().as_bytes()).unwrap();
        format!("{}.{}", self.message(), URL_SAFE_NO_PAD.encode(signature))
    }

    /// With this signature.
    pub(super) fn with_signature(&self, signature: &str) -> String {
        format!("{}.{signature}", self.message())
    }
}

/// The key in the JWK set that signed a token.
pub(super) async fn public_jwk(app: &TestApp, token: &str) -> Value {
    let set = app.anonymous().get("/oauth/jwks").await.json();
    let kid = Forge::of(token).header["kid"].clone();
    set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap().clone()
}

/// All encodings of a public key that might be accepted as an HMAC secret.
pub(super) fn as_secrets(jwk: &Value) -> Vec<Vec<u8>> {
    let number = |name: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        (rsa::BigUint::from_bytes_be(&bytes), bytes)
    };
    let ((n, n_bytes), (e, _)) = (number("n"), number("e"));
    let key = RsaPublicKey::new(n, e).unwrap();
    let pem = key.to_public_key_pem(LineEnding::LF).unwrap();
    let minimal = json!({ "e": jwk["e"], "kty": jwk["kty"], "n": jwk["n"] });
    vec![
        pem.trim_end().as_bytes().to_vec(),
        pem.into_bytes(),
        key.to_public_key_der().unwrap().into_vec(),
        jwk.to_string().into_bytes(),
        minimal.to_string().into_bytes(),
        jwk["n"].as_str().unwrap().as_bytes().to_vec(),
        n_bytes,
        Vec::new(),
    ]
}
