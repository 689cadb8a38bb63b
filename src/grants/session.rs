//! What every grant that yields a CLI session has in common.

use crate::config::Config;
use crate::domain::client::{Client, Grant};
use crate::domain::entropy::Entropy;
use crate::domain::id::Kind;
use crate::domain::key_format::base62;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::jwt::AccessClaims;
use crate::keys::master::MasterKey;
use crate::keys::refresh_token;
use crate::store::Work;
use crate::store::rotation::LiveSession;

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

/// What the server is, to whom it gives, and when.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) config: &'a Config,
    pub(super) master: &'a MasterKey,
    pub(super) client: &'a Client,
    pub(super) now: Time,
    pub(super) entropy: Entropy,
}

/// What a holder of the session's current generation gets, with those of `wanted` scopes that are in effect right now.
pub(super) fn issue(terms: &Terms<'_>, session: &LiveSession, wanted: &ScopeSet) -> Issued {
    let Terms { config, master, client, now, entropy } = *terms;
    let prefix = &config.brand.token_prefix;
    let LiveSession { id, generation, seed, .. } = session;
    let issuer = config.server.public_url.as_str();
    let lifetime = client.access.unwrap_or(config.tokens.access);
    Issued {
        claims: AccessClaims {
            iss: issuer.to_owned(),
            sub: session.user_id.clone(),
            aud: issuer.to_owned(),
            client_id: client.id.clone(),
            iat: now.seconds(),
            // A token does not outlive its session.
            exp: session.ends_at.min(now + lifetime).seconds(),
            jti: base62(&entropy.bytes::<16>(), 22),
            scope: client.effective_scopes(&config.catalog, wanted, &session.role).to_string(),
            org: session.org_id.clone(),
            sid: id.clone(),
            auth_time: session.auth_time.seconds(),
        },
        refresh_token: client
            .allows(Grant::RefreshToken)
            .then(|| refresh_token::make(master, prefix, id, *generation, seed)),
        idle_ends_at: session.idle_ends_at,
        ends_at: session.ends_at,
        nonce: None,
    }
}

/// A fresh id for a CLI session.
pub(super) fn new_id(work: &Work<'_>) -> String {
    Kind::CliSession.new_id(work.entropy)
}
