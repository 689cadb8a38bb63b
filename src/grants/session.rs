//! What every grant that yields a CLI session has in common.

use std::sync::Arc;

use super::Outcome;
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::{Client, Grant};
use crate::domain::credential::CredentialKind;
use crate::domain::entropy::Entropy;
use crate::domain::id::Kind;
use crate::domain::oauth_error::OAuthError;
use crate::domain::policy::{Barrier, Road};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::domain::time::Time;
use crate::keys::jwt::{AccessClaims, token_id};
use crate::keys::master::MasterKey;
use crate::keys::refresh_token;
use crate::store::batched::rotation::LiveSession;
use crate::store::credentials::{self, Credential};
use crate::store::memberships::{self, Standing};
use crate::store::organizations::Organization;
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

/// A session whose holder is owed tokens, with the scopes that they are for.
pub struct Granted {
    pub(super) client: Arc<Client>,
    pub(super) session: LiveSession,
    pub(super) scopes: ScopeSet,
    /// As in [`Issued`].
    pub(super) nonce: Option<String>,
}

impl Granted {
    pub fn issue(self, config: &Config, master: &MasterKey, now: Time) -> Issued {
        let terms = Terms { config, master, client: &self.client, now, entropy: Entropy };
        Issued { nonce: self.nonce, ..issue(&terms, &self.session, &self.scopes) }
    }
}

/// What a person has approved and a tool now comes for.
pub(super) struct Approved<'a> {
    pub request_id: &'a str,
    pub org_id: &'a str,
    pub user_id: &'a str,
    pub scopes: &'a str,
    pub auth_time: Time,
    pub device_name: Option<&'a str>,
    pub device_os: Option<&'a str>,
    pub tool_version: Option<&'a str>,
}

/// Starts the session that was approved, if membership and the organization's policy still allow it. What the tool
/// came with is used up in the same transaction; `use_up` says whether it still could be.
pub(super) fn start(
    work: &mut Work<'_>,
    terms: &Terms<'_>,
    approved: &Approved<'_>,
    road: Road,
    origin: &Origin,
    use_up: impl FnOnce(&mut Work<'_>, &str) -> Result<bool, StoreError>,
) -> Result<Outcome, StoreError> {
    let Terms { config, client, .. } = *terms;
    let Some(Standing { organization, role, .. }) =
        memberships::standing(work.conn, approved.org_id, approved.user_id)?
    else {
        return Ok(Err(OAuthError::invalid_grant("the person is no longer a member")));
    };
    if let Err(error) = admit(config, &organization, road) {
        return Ok(Err(error));
    }
    let granted = ScopeSet::parse(approved.scopes).map_err(|_| {
        StoreError::Failed(format!("the scopes approved for {} cannot be read", approved.request_id))
    })?;
    let session = new_session(work, config, client, approved, origin);
    credentials::insert(work.conn, &session)?;
    if !use_up(work, &session.id)? {
        return Err(StoreError::Unavailable("the code was used at the same moment".into()));
    }
    work.record(started(&session, client, origin));
    let session = LiveSession::of(session, role)
        .ok_or_else(|| StoreError::Failed("a new session lacks a part".to_owned()))?;
    Ok(Ok(issue(terms, &session, &granted)))
}

/// Whether the organization lets tools sign in on this road.
pub(super) fn admit(config: &Config, organization: &Organization, road: Road) -> Result<(), OAuthError> {
    match organization.policy(&config.organizations).barrier(road) {
        Some(Barrier::PersonalTokens) => Err(OAuthError::personal_tokens_disabled(&organization.name)),
        Some(Barrier::DeviceFlow | Barrier::OtherNetwork) => {
            Err(OAuthError::device_flow_disabled(&organization.name))
        }
        Some(Barrier::CopyCode) => {
            Err(OAuthError::invalid_grant("the organization does not allow copied codes"))
        }
        None => Ok(()),
    }
}

pub(super) fn new_session(
    work: &Work<'_>,
    config: &Config,
    client: &Client,
    approved: &Approved<'_>,
    origin: &Origin,
) -> Credential {
    let ends_at = work.now + config.tokens.session_max;
    Credential {
        id: Kind::CliSession.new_id(work.entropy),
        kind: CredentialKind::CliSession,
        org_id: approved.org_id.to_owned(),
        user_id: Some(approved.user_id.to_owned()),
        client_id: Some(client.id.clone()),
        name: approved.device_name.unwrap_or(&client.name).to_owned(),
        scopes: approved.scopes.to_owned(),
        seed: Some(work.entropy.bytes::<32>().to_vec()),
        generation: 1,
        rotated_at: None,
        idle_ends_at: Some(ends_at.min(work.now + config.tokens.session_idle)),
        ends_at: Some(ends_at),
        auth_time: Some(approved.auth_time),
        created_at: work.now,
        created_ip: origin.ip.clone(),
        device_name: approved.device_name.map(str::to_owned),
        device_os: approved.device_os.map(str::to_owned),
        tool_version: approved.tool_version.map(str::to_owned),
        last_used_at: Some(work.now),
        last_used_ip: origin.ip.clone(),
        revoked_at: None,
        revoked_reason: None,
    }
}

pub(super) fn started(session: &Credential, client: &Client, origin: &Origin) -> Event {
    Event::new(Action::SessionStarted, Actor::User(session.user_id.clone().unwrap_or_default()), origin)
        .org(&session.org_id)
        .credential(&session.id)
        .target(&client.id)
        .detail("scopes", session.scopes.clone())
        .detail("device", session.device_name.clone())
}
