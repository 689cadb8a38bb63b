//! The authorization code grant, RFC 6749 section 4.1.3, with PKCE (RFC 7636).

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::{Client, Grant};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::oauth_error::OAuthError;
use crate::domain::pkce::{Challenge, Verifier};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::keys::master::MasterKey;
use crate::store::authorization_codes::{self as codes, AuthorizationCode};
use crate::store::authorization_requests::AuthorizationRequest;
use crate::store::credentials::{self, Credential};
use crate::store::memberships::{self, Standing};
use crate::store::rotation::LiveSession;
use crate::store::{StoreError, Work, audit};

use super::Outcome;
use super::session::{Terms, issue, new_id};

/// Tries with a wrong verifier that a code survives. More would let a thief guess, fewer would let one burn it.
const WRONG_TRIES: i64 = 3;

/// A code as an authenticated client presents it.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    pub code: Secret,
    pub code_verifier: Option<Secret>,
    /// Not required, but if it is there it must be the one of the authorization request.
    pub redirect_uri: Option<String>,
    pub origin: Origin,
}

/// Exchanges a code for a new CLI session.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &CodeRequest,
) -> Result<Outcome, StoreError> {
    if let Err(error) = client.permit(Grant::AuthorizationCode) {
        return Ok(Err(error));
    }
    let Some((code, asked)) = codes::lock(work.conn, request.code.digest())? else {
        return Ok(Err(OAuthError::invalid_grant("no such code")));
    };
    if let Err(reason) = bound(client, &asked, request) {
        return Ok(Err(OAuthError::invalid_grant(reason)));
    }
    if !proven(&asked, request) {
        codes::count_wrong_try(work.conn, code.hash)?;
        return Ok(Err(OAuthError::invalid_grant("the code verifier does not match")));
    }
    if let Some(session) = &code.credential_id {
        if credentials::revoke(work.conn, session, work.now, EndReason::CodeReuse)? {
            audit::record(work, reuse(&code, session, client, &request.origin))?;
        }
        return Ok(Err(OAuthError::invalid_grant("the code was used twice; the session it made is revoked")));
    }
    if code.wrong_tries >= WRONG_TRIES {
        return Ok(Err(OAuthError::invalid_grant("too many tries with a wrong verifier")));
    }
    if work.now >= code.expires_at {
        return Ok(Err(OAuthError::invalid_grant("the code has expired")));
    }
    start_session(work, config, master, client, &code, &asked, &request.origin)
}

/// The code belongs to this client and to this redirect URI.
fn bound(client: &Client, asked: &AuthorizationRequest, request: &CodeRequest) -> Result<(), &'static str> {
    if asked.client_id != client.id {
        return Err("the code belongs to another client");
    }
    match &request.redirect_uri {
        Some(uri) if *uri != asked.redirect_uri => {
            Err("another redirect URI than at the authorization endpoint")
        }
        Some(_) | None => Ok(()),
    }
}

/// RFC 7636 section 4.6, and its converse: a verifier where no challenge was stored means that somebody stripped the
/// challenge on the way (RFC 9700 section 2.1.1).
fn proven(asked: &AuthorizationRequest, request: &CodeRequest) -> bool {
    let challenge = asked.code_challenge.as_deref().map(Challenge::parse);
    let verifier = request.code_verifier.as_ref().map(|verifier| Verifier::parse(verifier.expose()));
    match (challenge, verifier) {
        (Some(Some(challenge)), Some(Some(verifier))) => challenge.is_met_by(&verifier),
        (None | Some(_), None | Some(_)) => false,
    }
}

fn start_session(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    code: &AuthorizationCode,
    asked: &AuthorizationRequest,
    origin: &Origin,
) -> Result<Outcome, StoreError> {
    let Some(Standing { organization, role, .. }) =
        memberships::standing(work.conn, &code.org_id, &code.user_id)?
    else {
        return Ok(Err(OAuthError::invalid_grant("the person is no longer a member")));
    };
    if !organization.personal_tokens {
        return Ok(Err(OAuthError::personal_tokens_disabled(&organization.name)));
    }
    let granted = ScopeSet::parse(&code.scopes)
        .map_err(|_| StoreError::Failed(format!("the scopes of a code of {} cannot be read", asked.id)))?;
    let session = new_session(work, config, client, code, asked, origin);
    credentials::insert(work.conn, &session)?;
    if !codes::consume(work.conn, code.hash, &session.id, work.now)? {
        return Err(StoreError::Unavailable("the code was used at the same moment".to_owned()));
    }
    audit::record(work, started(&session, client, origin))?;
    let terms = Terms { config, master, client, now: work.now, entropy: work.entropy };
    let session = LiveSession::of(session, role)
        .ok_or_else(|| StoreError::Failed("a new session lacks a part".to_owned()))?;
    let mut issued = issue(&terms, &session, &granted);
    issued.nonce.clone_from(&asked.nonce);
    Ok(Ok(issued))
}

fn new_session(
    work: &Work<'_>,
    config: &Config,
    client: &Client,
    code: &AuthorizationCode,
    asked: &AuthorizationRequest,
    origin: &Origin,
) -> Credential {
    let ends_at = work.now + config.tokens.session_max;
    Credential {
        id: new_id(work),
        kind: CredentialKind::CliSession,
        org_id: code.org_id.clone(),
        user_id: Some(code.user_id.clone()),
        client_id: Some(client.id.clone()),
        name: asked.device_name.clone().unwrap_or_else(|| client.name.clone()),
        scopes: code.scopes.clone(),
        seed: Some(work.entropy.bytes::<32>().to_vec()),
        generation: 1,
        rotated_at: None,
        idle_ends_at: Some(ends_at.min(work.now + config.tokens.session_idle)),
        ends_at: Some(ends_at),
        auth_time: Some(code.auth_time),
        created_at: work.now,
        created_ip: origin.ip.clone(),
        device_name: asked.device_name.clone(),
        device_os: asked.device_os.clone(),
        tool_version: asked.tool_version.clone(),
        last_used_at: Some(work.now),
        last_used_ip: origin.ip.clone(),
        revoked_at: None,
        revoked_reason: None,
    }
}

fn started(session: &Credential, client: &Client, origin: &Origin) -> Event {
    Event::new(Action::SessionStarted, Actor::User(session.user_id.clone().unwrap_or_default()), origin)
        .org(&session.org_id)
        .credential(&session.id)
        .target(&client.id)
        .detail("scopes", session.scopes.clone())
        .detail("device", session.device_name.clone())
}

fn reuse(code: &AuthorizationCode, session: &str, client: &Client, origin: &Origin) -> Event {
    Event::new(Action::SessionCodeReuse, Actor::Client(client.id.clone()), origin)
        .org(&code.org_id)
        .credential(session)
        .target(&code.user_id)
        .refused()
}
