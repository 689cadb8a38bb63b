//! The refresh token grant, RFC 6749 section 6, with single-use rotation.
//!
//! A session is one row. Its current refresh token is made from the row, so a refresh adds nothing, an answer that got
//! lost can be given again, and a token of an older generation shows that somebody has a copy.

mod refusal;

use std::sync::Arc;

use crate::config::Config;
use crate::domain::audit::Origin;
use crate::domain::client::{Client, Grant};
use crate::domain::counter::Counter;
use crate::domain::credential::{EndReason, Presented, judge};
use crate::domain::installation::InstallationId;
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Secret;
use crate::keys::master::{MasterKey, Purpose};
use crate::keys::refresh_token::{self, Version};
use crate::store::batched::rotation::{self, LiveSession, Rotation};
use crate::store::credentials::{self, Credential};
use crate::store::{Store, StoreError, Work, counters, memberships, organizations, recovery};

use super::session::{Terms, issue};
use super::{Granted, Outcome};

/// A refresh request of an authenticated client.
#[derive(Debug, Clone)]
pub struct RefreshRequest {
    pub refresh_token: Secret,
    /// Narrows the access token, never the session.
    pub scope: Option<String>,
    /// Which installation of the tool asks, if it says so.
    pub installation: Option<InstallationId>,
    pub origin: Origin,
}

/// The short way, for nearly every refresh: a current token of a living session rotates in one statement.
///
/// The client may come from memory, because the statement compares its version. When nothing has rotated, nothing has
/// changed, and [`exchange`] finds out why.
pub struct Shortcut {
    client: Arc<Client>,
    presented: refresh_token::Presented,
    request: RefreshRequest,
}

impl Shortcut {
    /// Nothing if the request cannot go this way.
    pub fn of(config: &Config, client: Arc<Client>, request: &RefreshRequest) -> Option<Self> {
        let presented = refresh_token::parse(&config.brand.token_prefix, request.refresh_token.expose())?;
        client.allows(Grant::RefreshToken).then(|| Self { client, presented, request: request.clone() })
    }

    /// Rotates the session and gives it to `deliver` with the client that it is for, when both are as they should be.
    pub fn rotate(
        self,
        store: &Store,
        config: &Config,
        master: &Arc<MasterKey>,
        deliver: impl FnOnce(Result<Option<Granted>, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let Self { client, presented, request } = self;
        let (master, scope) = (master.clone(), request.scope.clone());
        store.rotate(
            rotation_to(&presented, config, &master, &client, &request),
            move |sealed| {
                sealed.seed.as_deref().is_some_and(|seed| presented.belongs_to(&master, seed))
                    && wanted_of(scope.as_deref(), &sealed.scopes).is_some()
            },
            move |session| {
                deliver(session.map(|session| {
                    let session = session?;
                    let scopes = wanted_of(request.scope.as_deref(), &session.scopes)?;
                    Some(Granted { client, session, scopes, nonce: None })
                }));
            },
        )
    }
}

fn wanted_of(requested: Option<&str>, stored: &str) -> Option<ScopeSet> {
    narrowed(requested, &ScopeSet::parse(stored).ok()?).ok()
}

/// Exchanges a refresh token.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &RefreshRequest,
) -> Result<Outcome, StoreError> {
    if let Err(error) = client.permit(Grant::RefreshToken) {
        return Ok(Err(error));
    }
    let Some(presented) = refresh_token::parse(&config.brand.token_prefix, request.refresh_token.expose())
    else {
        return Ok(Err(OAuthError::invalid_grant("not a refresh token of this server")));
    };
    let Some(session) = credentials::lock(work.conn, &presented.credential_id)? else {
        return Ok(Err(OAuthError::invalid_grant("no such session")));
    };
    if !session.seed.as_deref().is_some_and(|seed| presented.belongs_to(master, seed)) {
        return Ok(Err(OAuthError::invalid_grant("the tag does not verify")));
    }
    if session.client_id.as_deref() != Some(client.id.as_str()) {
        refusal::note_foreign_client(work, master, &session, client, &request.origin)?;
        return Ok(Err(OAuthError::invalid_grant("the session belongs to another client")));
    }
    let granted = scopes_of(&session.id, &session.scopes)?;
    let wanted = match narrowed(request.scope.as_deref(), &granted) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };

    let terms = Terms { config, master, client, now: work.now, entropy: work.entropy };
    let rotation = rotation_to(&presented, config, master, client, request);
    match rotation::rotate(work.conn, std::slice::from_ref(&rotation), work.now)?.pop() {
        Some(rotated) => Ok(Ok(issue(&terms, &rotated, &wanted))),
        None => not_rotated(work, &terms, presented.version, rotation, &wanted, &request.origin),
    }
}

fn rotation_to(
    presented: &refresh_token::Presented,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &RefreshRequest,
) -> Rotation {
    let id = &presented.credential_id;
    let pseudonym = |installation: &InstallationId| {
        master.pseudonym(Purpose::Installation, &[id.as_bytes(), installation.expose().as_bytes()])
    };
    Rotation {
        id: id.clone(),
        generation: presented.generation,
        client_id: client.id.clone(),
        client_version: client.version,
        idle: config.tokens.session_idle,
        ip: request.origin.ip.clone(),
        installation: request.installation.as_ref().map(pseudonym),
    }
}

/// Nothing changed: says why, and does what that calls for. The token is genuine, and its client has authenticated.
fn not_rotated(
    work: &mut Work<'_>,
    terms: &Terms<'_>,
    version: Version,
    rotation: Rotation,
    wanted: &ScopeSet,
    origin: &Origin,
) -> Result<Outcome, StoreError> {
    let Rotation { generation, installation, .. } = rotation;
    let Some(session) = credentials::find(work.conn, &rotation.id)? else {
        return Ok(Err(OAuthError::invalid_grant("no such session")));
    };
    let replaced = refusal::replaced(work.conn, &session, generation, installation)?;
    let refused = |reason| Ok(Err(refusal::invalid_grant(replaced, reason)));
    if !session.lives(work.now) {
        return refused("the session has ended");
    }
    let Some(organization) =
        organizations::find(work.conn, &session.org_id)?.filter(|org| org.disabled_at.is_none())
    else {
        return refused("the organization is gone");
    };
    let Some(role) = role_of(work, &session)? else {
        return refused("the owner is no longer a member");
    };
    if !organization.personal_tokens {
        return Ok(Err(OAuthError::personal_tokens_disabled(&organization.name)));
    }
    match judge(
        generation,
        session.generation,
        session.rotated_at,
        work.now,
        terms.config.tokens.refresh_grace,
    ) {
        Presented::Replayed => {
            tracing::info!(session = session.id, "refresh answered again");
            let session = LiveSession::of(session, role)
                .ok_or_else(|| StoreError::Failed(format!("session {} lacks a part", rotation.id)))?;
            Ok(Ok(issue(terms, &session, wanted)))
        }
        Presented::Undated => Err(StoreError::Unavailable(
            format!("session {} was rotated in the future: a clock is wrong", rotation.id).into(),
        )),
        // Nothing is revoked: the date proves no reuse, and whoever holds the current token goes on.
        Presented::Misdated => refused("the rotation is dated far in the future: a clock was wrong"),
        Presented::Reused => {
            credentials::revoke(work.conn, &session.id, work.now, EndReason::RefreshReuse)?;
            let same_device = replaced.and_then(|replaced| replaced.same_device);
            work.record(refusal::reuse(&session, terms.client, generation, same_device, origin));
            refused("an old refresh token was used again; the session is revoked")
        }
        Presented::Ahead => ahead(work, terms, version, rotation, &session, wanted, origin),
        Presented::Current => {
            Err(StoreError::Unavailable("the session changed while it was being refreshed".into()))
        }
    }
}

/// A genuine token of a generation that the database has not seen: the database went back in time. While a recovery is
/// open, the session moves forward to that generation and rotates. Otherwise it ends: an old copy of the deployment
/// could have been used to age a stolen token.
fn ahead(
    work: &mut Work<'_>,
    terms: &Terms<'_>,
    version: Version,
    rotation: Rotation,
    session: &Credential,
    wanted: &ScopeSet,
    origin: &Origin,
) -> Result<Outcome, StoreError> {
    let event = refusal::ahead(session, terms.client, rotation.generation, origin);
    // A token of the first version could come from a copy under another public URL.
    let forward = version == Version::Second && recovery::is_open(work.conn, work.now)?;
    if !forward {
        credentials::revoke(work.conn, &session.id, work.now, EndReason::Ahead)?;
        counters::increment(work.conn, Counter::SessionsAheadEnded)?;
        work.record(event.refused());
        tracing::warn!(session = session.id, "a refresh token is ahead of the database: session ended");
        return Ok(Err(OAuthError::invalid_grant("ahead of the database; the session is revoked")));
    }
    let changed = || StoreError::Unavailable("the session changed while it was being refreshed".into());
    let (from, to) = (session.generation, rotation.generation);
    if !credentials::skip_to_generation(work.conn, &session.id, from, to)? {
        return Err(changed());
    }
    let rotated = rotation::rotate(work.conn, &[rotation], work.now)?.pop().ok_or_else(changed)?;
    counters::increment(work.conn, Counter::SessionsAheadForwarded)?;
    work.record(event);
    Ok(Ok(issue(terms, &rotated, wanted)))
}

fn role_of(work: &mut Work<'_>, session: &Credential) -> Result<Option<String>, StoreError> {
    match &session.user_id {
        Some(user) => memberships::role(work.conn, &session.org_id, user),
        None => Ok(None),
    }
}

fn scopes_of(session_id: &str, stored: &str) -> Result<ScopeSet, StoreError> {
    ScopeSet::parse(stored)
        .map_err(|_| StoreError::Failed(format!("the scopes of session {session_id} cannot be read")))
}

/// RFC 6749 section 6: the requested scope must lie within what was granted.
fn narrowed(requested: Option<&str>, granted: &ScopeSet) -> Result<ScopeSet, OAuthError> {
    let Some(requested) = requested.filter(|scope| !scope.trim().is_empty()) else {
        return Ok(granted.clone());
    };
    match ScopeSet::parse(requested) {
        Ok(scopes) if scopes.is_subset(granted) => Ok(scopes),
        Ok(_) | Err(_) => Err(OAuthError::new(
            OAuthCode::InvalidScope,
            "A refresh can only ask for scopes that the sign-in was granted. Sign in again to get more.",
            "scope outside the grant",
        )),
    }
}
