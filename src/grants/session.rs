//! Shared by every grant that creates a CLI session.

use std::sync::Arc;

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::client::{Client, Grant};
use crate::domain::credential::CredentialKind;
use crate::domain::entropy::Entropy;
use crate::domain::id::IdKind;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::jwt::{AccessClaims, token_id};
use crate::keys::master::MasterKey;
use crate::keys::refresh_token;
use crate::store::batched::rotation::ActiveSession;
use crate::store::credentials::Credential;

/// The tokens for a client. The access token is not signed yet.
#[derive(Debug, Clone)]
pub struct TokenSet {
    pub claims: AccessClaims,
    /// `None` for clients without the refresh token grant.
    pub refresh_token: Option<Secret>,
    /// When the session ends if it is not used again.
    pub idle_ends_at: Time,
    /// When the session ends in any case.
    pub ends_at: Time,
    /// The `nonce` of the authorization request, for the ID token.
    pub nonce: Option<String>,
}

/// Issuer, client and time of a token response.
#[derive(Clone, Copy)]
pub(super) struct IssueContext<'a> {
    pub(super) config: &'a Config,
    pub(super) master: &'a MasterKey,
    pub(super) client: &'a Client,
    pub(super) now: Time,
}

/// The tokens of the session's generation, with the `wanted` scopes that are in effect now.
pub(super) fn issue(
    context: &IssueContext<'_>,
    entropy: Entropy,
    session: &ActiveSession,
    wanted: &ScopeSet,
) -> TokenSet {
    let IssueContext { config, master, client, now } = *context;
    let prefix = &config.brand.token_prefix;
    let ActiveSession { id, generation, seed, .. } = session;
    let issuer = config.server.public_url.as_str();
    let lifetime = client.access.unwrap_or(config.tokens.access);
    TokenSet {
        claims: AccessClaims {
            iss: issuer.to_owned(),
            sub: session.user_id.clone(),
            aud: issuer.to_owned(),
            client_id: client.id.clone(),
            iat: now.seconds(),
            // A token does not outlive its session.
            exp: session.ends_at.min(now + lifetime).seconds(),
            jti: token_id(entropy),
            scope: client.effective_scopes(&config.catalog, wanted, &session.role).to_string(),
            org: session.org_id.clone(),
            sid: id.clone(),
            auth_time: session.auth_time.seconds(),
            mode: None,
        },
        refresh_token: client
            .allows(Grant::RefreshToken)
            .then(|| refresh_token::make(master, prefix, id, *generation, seed)),
        idle_ends_at: session.idle_ends_at,
        ends_at: session.ends_at,
        nonce: None,
    }
}

/// A committed grant whose tokens are not issued yet.
pub struct ApprovedGrant {
    pub(super) client: Arc<Client>,
    pub(super) session: ActiveSession,
    pub(super) scopes: ScopeSet,
    /// As in [`TokenSet`].
    pub(super) nonce: Option<String>,
}

impl ApprovedGrant {
    pub fn issue(self, config: &Config, master: &MasterKey, now: Time) -> TokenSet {
        let context = IssueContext { config, master, client: &self.client, now };
        TokenSet { nonce: self.nonce, ..issue(&context, Entropy, &self.session, &self.scopes) }
    }
}

/// An approved authorization that the client now redeems.
pub(super) struct ApprovedRequest<'a> {
    pub org_id: &'a str,
    pub user_id: &'a str,
    pub role: String,
    pub scopes: &'a str,
    pub auth_time: Time,
    pub device_name: Option<&'a str>,
    pub device_os: Option<&'a str>,
    pub tool_version: Option<&'a str>,
}

/// A session that is not inserted yet.
pub(super) struct NewSession {
    pub credential: Credential,
    pub live: ActiveSession,
    pub started: Event,
}

impl NewSession {
    pub(super) fn of(
        context: &IssueContext<'_>,
        entropy: Entropy,
        approved: ApprovedRequest<'_>,
        origin: &Origin,
    ) -> Self {
        let IssueContext { config, client, now, .. } = *context;
        let ends_at = now + config.tokens.session_max;
        let live = ActiveSession {
            id: IdKind::CliSession.new_id(entropy),
            org_id: approved.org_id.to_owned(),
            user_id: approved.user_id.to_owned(),
            scopes: approved.scopes.to_owned(),
            seed: entropy.bytes::<32>().to_vec(),
            generation: 1,
            idle_ends_at: ends_at.min(now + config.tokens.session_idle),
            ends_at,
            auth_time: approved.auth_time,
            role: approved.role,
        };
        let credential = Credential {
            id: live.id.clone(),
            kind: CredentialKind::CliSession,
            org_id: live.org_id.clone(),
            user_id: Some(live.user_id.clone()),
            client_id: Some(client.id.clone()),
            name: approved.device_name.unwrap_or(&client.name).to_owned(),
            scopes: live.scopes.clone(),
            seed: Some(live.seed.clone()),
            generation: live.generation,
            rotated_at: None,
            idle_ends_at: Some(live.idle_ends_at),
            ends_at: Some(live.ends_at),
            auth_time: Some(live.auth_time),
            created_at: now,
            created_ip: origin.ip.clone(),
            device_name: approved.device_name.map(str::to_owned),
            device_os: approved.device_os.map(str::to_owned),
            tool_version: approved.tool_version.map(str::to_owned),
            last_used_at: Some(now),
            last_used_ip: origin.ip.clone(),
            revoked_at: None,
            revoked_reason: None,
        };
        let started = Event::new(Action::SessionStarted, Actor::User(live.user_id.clone()), origin)
            .org(&live.org_id)
            .credential(&live.id)
            .target(&client.id)
            .detail("scopes", Fact::scopes(&live.scopes))
            .text("device", credential.device_name.as_deref());
        Self { credential, live, started }
    }
}
