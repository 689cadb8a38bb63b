//! Decision about a refresh: one function for both paths.

use crate::config::Config;
use crate::domain::client::{Client, Grant};
use crate::domain::credential::{EndReason, GenerationStatus, generation_status};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Digest;
use crate::domain::text_enum::text_enum;
use crate::grants::session::IssueContext;
use crate::keys::refresh_token::{self, Version};
use crate::store::StoreError;
use crate::store::batched::rotation::{ActiveSession, StoredSession};

use super::RefreshRequest;

text_enum! {
    /// Why a refresh is refused, with the reason for the log.
    RefreshRefusal {
        GrantNotAllowed = "grant not allowed",
        UnknownToken = "not a refresh token of this server",
        UnknownSession = "no such session",
        WrongTag = "the tag does not verify",
        ForeignClient = "the session belongs to another client",
        ScopeNotGranted = "scope outside the grant",
        Ended = "the session has ended",
        MembershipEnded = "the session ended with the owner's membership",
        OrganizationDisabled = "the organization is gone",
        NotMember = "the owner is no longer a member",
        PersonalTokensOff = "the organization does not allow personal tokens",
        /// The rotation that replaced the token is dated far in the future, so a clock was wrong and this is
        /// no proof of reuse.
        Misdated = "the rotation is dated far in the future: a clock was wrong",
        Reused = "an old refresh token was used again; the session is revoked",
        Ahead = "ahead of the database; the session is revoked",
    }
}

/// A refresh request whose token could be parsed. Its tag is not verified yet.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) request: &'a RefreshRequest,
    pub(super) token: &'a refresh_token::ParsedRefreshToken,
    pub(super) installation: Option<Digest>,
}

/// Outcome of a refresh attempt.
pub(super) enum Decision {
    /// Current token: rotate the session.
    Rotate {
        session: ActiveSession,
        scopes: ScopeSet,
    },
    /// Previous token within the grace period: return the same successor again.
    Replay {
        session: ActiveSession,
        scopes: ScopeSet,
    },
    /// Genuine token of a generation newer than the database, which was restored from an older copy: rotate
    /// the session from that generation if `recoverable` and a recovery is open, otherwise
    /// [`RefreshRefusal::Ahead`].
    Ahead {
        session: ActiveSession,
        scopes: ScopeSet,
        recoverable: bool,
    },
    Refuse(RefreshRefusal),
    /// The stored state is inconsistent.
    Fault(StoreError),
}

/// Parses the token of a request, without database access.
pub(super) fn read_token(
    config: &Config,
    client: &Client,
    request: &RefreshRequest,
) -> Result<refresh_token::ParsedRefreshToken, RefreshRefusal> {
    if !client.allows(Grant::RefreshToken) {
        return Err(RefreshRefusal::GrantNotAllowed);
    }
    refresh_token::parse(&config.brand.token_prefix, request.refresh_token.expose())
        .ok_or(RefreshRefusal::UnknownToken)
}

/// Decides about a refresh by an authenticated client.
pub(super) fn decide(context: &IssueContext<'_>, attempt: &Attempt<'_>, stored: StoredSession) -> Decision {
    match examine(context, attempt, stored) {
        Ok(decision) => decision,
        Err(refusal) => Decision::Refuse(refusal),
    }
}

fn examine(
    context: &IssueContext<'_>,
    attempt: &Attempt<'_>,
    stored: StoredSession,
) -> Result<Decision, RefreshRefusal> {
    let IssueContext { config, master, client, now } = *context;
    let token = attempt.token;
    // Nothing about the session is revealed before the tag proves that the token is genuine.
    if !stored.seed.as_deref().is_some_and(|seed| token.verify_tag(master, seed)) {
        return Err(RefreshRefusal::WrongTag);
    }
    if stored.client_id.as_deref() != Some(client.id.as_str()) {
        return Err(RefreshRefusal::ForeignClient);
    }
    let Ok(granted) = ScopeSet::parse(&stored.scopes) else {
        let message = format!("the scopes of session {} cannot be read", stored.id);
        return Ok(Decision::Fault(StoreError::Failed(message)));
    };
    let scopes = narrowed(attempt.request.scope.as_deref(), granted)?;
    if stored.revoked_reason == Some(EndReason::MembershipEnded) {
        return Err(RefreshRefusal::MembershipEnded);
    }
    if !stored.is_active(now) {
        return Err(RefreshRefusal::Ended);
    }
    if stored.organization_disabled_at.is_some() {
        return Err(RefreshRefusal::OrganizationDisabled);
    }
    if stored.role.is_none() || stored.owner_disabled_at.is_some() {
        return Err(RefreshRefusal::NotMember);
    }
    if !stored.personal_tokens {
        return Err(RefreshRefusal::PersonalTokensOff);
    }
    let grace = config.tokens.refresh_grace;
    let generation = generation_status(token.generation, stored.generation, stored.rotated_at, now, grace);
    let id = stored.id.clone();
    let Some(session) = live(stored) else {
        return Ok(Decision::Fault(StoreError::Failed(format!("session {id} has missing fields"))));
    };
    match generation {
        GenerationStatus::Current => Ok(Decision::Rotate { session, scopes }),
        GenerationStatus::Replayed => Ok(Decision::Replay { session, scopes }),
        // A version 1 token could come from a copy of the deployment under another public URL.
        GenerationStatus::Ahead => {
            Ok(Decision::Ahead { session, scopes, recoverable: token.version == Version::Second })
        }
        GenerationStatus::Undated => Ok(Decision::Fault(StoreError::Unavailable(
            format!("session {id} was rotated in the future: a clock is wrong").into(),
        ))),
        GenerationStatus::Misdated => Err(RefreshRefusal::Misdated),
        GenerationStatus::Reused => Err(RefreshRefusal::Reused),
    }
}

/// `None` if the credential lacks a field that every CLI session has.
fn live(stored: StoredSession) -> Option<ActiveSession> {
    Some(ActiveSession {
        id: stored.id,
        org_id: stored.org_id,
        user_id: stored.user_id?,
        scopes: stored.scopes,
        seed: stored.seed?,
        generation: stored.generation,
        idle_ends_at: stored.idle_ends_at?,
        ends_at: stored.ends_at?,
        auth_time: stored.auth_time.unwrap_or(stored.created_at),
        role: stored.role?,
    })
}

/// RFC 6749 section 6: the requested scope must lie within what was granted.
fn narrowed(requested: Option<&str>, granted: ScopeSet) -> Result<ScopeSet, RefreshRefusal> {
    let Some(requested) = requested.filter(|scope| !scope.trim().is_empty()) else {
        return Ok(granted);
    };
    match ScopeSet::parse(requested) {
        Ok(scopes) if scopes.is_subset(&granted) => Ok(scopes),
        Ok(_) | Err(_) => Err(RefreshRefusal::ScopeNotGranted),
    }
}
