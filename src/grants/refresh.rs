//! The refresh token grant, RFC 6749 section 6, with single-use rotation.
//!
//! A session is one row. Its refresh token is derived from the row, so a refresh adds no row, a lost response
//! can be repeated, and a token of an older generation proves that the token was copied.

mod decision;
mod refusal;

use std::slice;
use std::sync::Arc;

use crate::config::Config;
use crate::domain::audit::{Action, Origin};
use crate::domain::client::Client;
use crate::domain::counter::Counter;
use crate::domain::installation::InstallationId;
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::keys::master::{MasterKey, Purpose};
use crate::keys::refresh_token;
use crate::store::batched::rotation::{self, ActiveSession, Rotation, StoredSession};
use crate::store::credentials;
use crate::store::{Store, StoreError, Work, counters, recovery};

use super::session::{IssueContext, issue};
use super::{ApprovedGrant, Outcome};
use decision::{Attempt, Decision, decide, read_token};
use refusal::{generation_event, refuse};

pub use decision::RefreshRefusal;

/// A refresh request of an authenticated client.
#[derive(Debug, Clone)]
pub struct RefreshRequest {
    pub refresh_token: Secret,
    /// Narrows the access token, never the session.
    pub scope: Option<String>,
    /// The installation id of the tool, if it sent one.
    pub installation: Option<InstallationId>,
    pub origin: Origin,
}

/// Fast path for cached clients: rotates the session on the store's batch thread.
pub struct FastPath {
    client: Arc<Client>,
    token: refresh_token::ParsedRefreshToken,
    installation: Option<Digest>,
    request: RefreshRequest,
}

impl FastPath {
    /// `None` if this request is not eligible for the fast path.
    pub fn of(
        config: &Config,
        master: &MasterKey,
        client: Arc<Client>,
        request: &RefreshRequest,
    ) -> Option<Self> {
        let token = read_token(config, &client, request).ok()?;
        let installation = installation(master, &token, request);
        Some(Self { client, token, installation, request: request.clone() })
    }

    /// Rotates the session and gives the grant to `deliver`. `None` means nothing changed; take the slow
    /// path,
    /// [`exchange`].
    pub fn rotate(
        self,
        store: &Store,
        config: &Arc<Config>,
        master: &Arc<MasterKey>,
        deliver: impl FnOnce(Result<Option<ApprovedGrant>, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (config, master) = (config.clone(), master.clone());
        let session_id = self.token.credential_id.clone();
        store.rotate(session_id, move |stored, now| self.decide(&config, &master, stored, now), deliver)
    }

    fn decide(
        self,
        config: &Config,
        master: &MasterKey,
        stored: StoredSession,
        now: Time,
    ) -> Option<(Rotation, ApprovedGrant)> {
        let Self { client, token, installation, request } = self;
        // The cached client is stale, so the secret it authenticated with may be too.
        if stored.client_version != Some(client.version) {
            return None;
        }
        let context = IssueContext { config, master, client: &client, now };
        let attempt = Attempt { request: &request, token: &token, installation };
        match decide(&context, &attempt, stored) {
            Decision::Rotate { session, scopes } => {
                let rotation = rotation(&context, &attempt, &session);
                let session = session.rotated(&rotation);
                Some((rotation, ApprovedGrant { client, session, scopes, nonce: None }))
            }
            Decision::Replay { .. } | Decision::Ahead { .. } | Decision::Refuse(_) | Decision::Fault(_) => {
                None
            }
        }
    }
}

/// Exchanges a refresh token.
pub fn exchange(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    client: &Client,
    request: &RefreshRequest,
) -> Outcome {
    let token = read_token(config, client, request).map_err(RefreshRefusal::without_session)?;
    let Some(stored) = rotation::lock(work.conn, &token.credential_id)? else {
        return Err(RefreshRefusal::UnknownSession.without_session().into());
    };
    let context = IssueContext { config, master, client, now: work.now };
    let installation = installation(master, &token, request);
    let attempt = Attempt { request, token: &token, installation };
    match decide(&context, &attempt, stored.clone()) {
        Decision::Rotate { session, scopes } => {
            let session = rotate(work, &context, &attempt, session)?;
            Ok(issue(&context, work.entropy, &session, &scopes))
        }
        Decision::Replay { session, scopes } => {
            tracing::info!(session = session.id, "refresh answered again");
            Ok(issue(&context, work.entropy, &session, &scopes))
        }
        Decision::Ahead { session, scopes, recoverable } => {
            if !recoverable || !recovery::is_open(work.conn, work.now)? {
                return Err(refuse(work, &context, &attempt, &stored, RefreshRefusal::Ahead)?.into());
            }
            let session = move_forward(work, &context, &attempt, session)?;
            work.record(generation_event(Action::SessionAhead, &stored, client, &attempt));
            Ok(issue(&context, work.entropy, &session, &scopes))
        }
        Decision::Refuse(refusal) => Err(refuse(work, &context, &attempt, &stored, refusal)?.into()),
        Decision::Fault(error) => Err(error.into()),
    }
}

/// Advances a session to the presented generation, which this database has not seen (it was restored from an
/// older copy), and rotates it.
fn move_forward(
    work: &mut Work<'_>,
    context: &IssueContext<'_>,
    attempt: &Attempt<'_>,
    session: ActiveSession,
) -> Result<ActiveSession, StoreError> {
    let (from, to) = (session.generation, attempt.token.generation);
    if !credentials::skip_to_generation(work.conn, &session.id, from, to)? {
        return Err(changed_meanwhile());
    }
    let session = rotate(work, context, attempt, session)?;
    counters::increment(work.conn, Counter::SessionsAheadForwarded)?;
    Ok(session)
}

fn rotate(
    work: &mut Work<'_>,
    context: &IssueContext<'_>,
    attempt: &Attempt<'_>,
    session: ActiveSession,
) -> Result<ActiveSession, StoreError> {
    let rotation = rotation(context, attempt, &session);
    if rotation::rotate(work.conn, slice::from_ref(&rotation), work.now)?.is_empty() {
        return Err(changed_meanwhile());
    }
    Ok(session.rotated(&rotation))
}

/// Error for a client, organization or owner that changed between the decision and the rotation.
fn changed_meanwhile() -> StoreError {
    StoreError::Unavailable("the session changed while it was being refreshed".into())
}

fn rotation(context: &IssueContext<'_>, attempt: &Attempt<'_>, session: &ActiveSession) -> Rotation {
    let IssueContext { config, client, now, .. } = *context;
    Rotation {
        id: session.id.clone(),
        generation: attempt.token.generation,
        client_version: client.version,
        idle_ends_at: session.ends_at.min(now + config.tokens.session_idle),
        ip: attempt.request.origin.ip.clone(),
        installation: attempt.installation,
    }
}

/// Pseudonym of the requesting installation, different for each session.
fn installation(
    master: &MasterKey,
    token: &refresh_token::ParsedRefreshToken,
    request: &RefreshRequest,
) -> Option<Digest> {
    let id = request.installation.as_ref()?.expose();
    Some(master.pseudonym(Purpose::Installation, &[token.credential_id.as_bytes(), id.as_bytes()]))
}
