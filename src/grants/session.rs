//! What every grant that yields a CLI session has in common.

use crate::config::Config;
use crate::domain::client::{Client, Grant};
use crate::domain::id::Kind;
use crate::domain::key_format::base62;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::jwt::AccessClaims;
use crate::keys::master::MasterKey;
use crate::keys::refresh_token;
use crate::store::credentials::Credential;
use crate::store::{StoreError, Work};

/// What a client is about to get. The access token still has to be signed.
#[derive(Debug, Clone)]
pub struct Issued {
    pub claims: AccessClaims,
    /// For clients that may use one.
    pub refresh_token: Option<Secret>,
    /// When the session ends if it is not used again.
    pub idle_ends_at: Time,
    /// When the session ends in any case.
    pub ends_at: Time,
    /// The `nonce` for an ID token, when the sign-in asked for one.
    pub nonce: Option<String>,
}

/// The claims of an access token for a credential, with the scopes that are in effect right now.
pub fn access_claims(
    work: &Work<'_>,
    config: &Config,
    client: &Client,
    credential: &Credential,
    scopes: &ScopeSet,
) -> Result<AccessClaims, StoreError> {
    let lifetime = client.access.unwrap_or(config.tokens.access);
    // A token does not outlive its session.
    let exp = credential.ends_at.map_or(work.now + lifetime, |end| end.min(work.now + lifetime));
    Ok(AccessClaims {
        iss: config.server.public_url.as_str().to_owned(),
        sub: credential.user_id.clone().ok_or_else(|| damaged(credential, "user"))?,
        aud: config.server.public_url.as_str().to_owned(),
        client_id: client.id.clone(),
        iat: work.now.seconds(),
        exp: exp.seconds(),
        jti: base62(&work.entropy.bytes::<16>(), 22),
        scope: scopes.to_string(),
        org: credential.org_id.clone(),
        sid: credential.id.clone(),
        auth_time: credential.auth_time.unwrap_or(credential.created_at).seconds(),
    })
}

/// What a holder of the session's current generation gets.
pub(super) fn issue(
    work: &Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    credential: &Credential,
    scopes: &ScopeSet,
) -> Result<Issued, StoreError> {
    let seed = credential.seed.as_deref().ok_or_else(|| damaged(credential, "seed"))?;
    let prefix = &config.brand.token_prefix;
    Ok(Issued {
        claims: access_claims(work, config, client, credential, scopes)?,
        refresh_token: client
            .allows(Grant::RefreshToken)
            .then(|| refresh_token::make(master, prefix, &credential.id, credential.generation, seed)),
        idle_ends_at: credential.idle_ends_at.ok_or_else(|| damaged(credential, "idle end"))?,
        ends_at: credential.ends_at.ok_or_else(|| damaged(credential, "end"))?,
        nonce: None,
    })
}

/// A fresh id for a CLI session.
pub(super) fn new_id(work: &Work<'_>) -> String {
    Kind::CliSession.new_id(work.entropy)
}

fn damaged(credential: &Credential, what: &str) -> StoreError {
    StoreError::Failed(format!("CLI session {} has no {what}", credential.id))
}
