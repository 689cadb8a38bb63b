//! Refused refreshes: the error for the client, and the audit events.

use chrono::TimeDelta;

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::{Client, Grant};
use crate::domain::counter::Counter;
use crate::domain::credential::EndReason;
use crate::domain::oauth_error::{OAuthCode, OAuthError, Replaced};
use crate::domain::rate::Rate;
use crate::grants::session::IssueContext;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::batched::rotation::StoredSession;
use crate::store::{Conn, StoreError, Work, counters, credentials, rates};

use super::decision::{Attempt, RefreshRefusal};

/// Limit on audit events about a session's token that another client presented.
const FOREIGN_CLIENTS: Rate = Rate::new(10, TimeDelta::hours(1));

impl RefreshRefusal {
    /// The error for a request whose token belongs to no session.
    pub(super) fn without_session(self) -> OAuthError {
        match self {
            Self::GrantNotAllowed => Client::not_permitted(Grant::RefreshToken),
            Self::ScopeNotGranted => OAuthError::new(
                OAuthCode::InvalidScope,
                "A refresh can request only scopes that the session has. Sign in again to add scopes.",
                self.as_str(),
            ),
            Self::UnknownToken
            | Self::UnknownSession
            | Self::WrongTag
            | Self::ForeignClient
            | Self::Ended
            | Self::MembershipEnded
            | Self::OrganizationDisabled
            | Self::NotMember
            | Self::PersonalTokensOff
            | Self::Misdated
            | Self::Reused
            | Self::Ahead => OAuthError::invalid_grant(self.as_str()),
        }
    }
}

/// Carries out the side effects of a refusal and returns the error for the client.
pub(super) fn refuse(
    work: &mut Work<'_>,
    context: &IssueContext<'_>,
    attempt: &Attempt<'_>,
    session: &StoredSession,
    refusal: RefreshRefusal,
) -> Result<OAuthError, StoreError> {
    let IssueContext { master, client, .. } = *context;
    let origin = &attempt.request.origin;
    match refusal {
        RefreshRefusal::GrantNotAllowed
        | RefreshRefusal::UnknownToken
        | RefreshRefusal::UnknownSession
        | RefreshRefusal::WrongTag
        | RefreshRefusal::ScopeNotGranted => Ok(refusal.without_session()),
        RefreshRefusal::ForeignClient => {
            note_foreign_client(work, master, session, client, origin)?;
            Ok(refusal.without_session())
        }
        RefreshRefusal::PersonalTokensOff => Ok(OAuthError::personal_tokens_disabled(&session.organization)),
        RefreshRefusal::MembershipEnded => {
            Ok(OAuthError::membership_ended(&session.organization, refusal.as_str()))
        }
        RefreshRefusal::Ended
        | RefreshRefusal::OrganizationDisabled
        | RefreshRefusal::NotMember
        | RefreshRefusal::Misdated => {
            let replaced = replaced(work.conn, session, attempt)?;
            Ok(invalid_grant(replaced, refusal))
        }
        RefreshRefusal::Reused => {
            let replaced = replaced(work.conn, session, attempt)?;
            credentials::revoke(work.conn, &session.id, work.now, EndReason::RefreshReuse)?;
            let event = generation_event(Action::SessionRefreshReuse, session, client, attempt)
                .detail("same_device", replaced.and_then(|replaced| replaced.same_device));
            work.record(event.refused());
            Ok(invalid_grant(replaced, refusal))
        }
        // An old copy of the deployment could have been used to advance a stolen token.
        RefreshRefusal::Ahead => {
            credentials::revoke(work.conn, &session.id, work.now, EndReason::Ahead)?;
            counters::increment(work.conn, Counter::SessionsAheadEnded)?;
            work.record(generation_event(Action::SessionAhead, session, client, attempt).refused());
            tracing::warn!(session = session.id, "a refresh token is ahead of the database: session ended");
            Ok(refusal.without_session())
        }
    }
}

/// Details for the holder of a genuine token about its replacement; `None` if it was not replaced.
fn replaced(
    conn: &mut Conn,
    session: &StoredSession,
    attempt: &Attempt<'_>,
) -> Result<Option<Replaced>, StoreError> {
    let generation = attempt.token.generation;
    let Some(last_rotation) = session.rotated_at.filter(|_| generation < session.generation) else {
        return Ok(None);
    };
    let same_device = match attempt.installation {
        Some(asking) => credentials::last_installation(conn, &session.id)?.map(|last| last == asking),
        None => None,
    };
    let by_last_rotation = generation == session.generation - 1;
    Ok(Some(Replaced { last_rotation, by_last_rotation, same_device }))
}

/// `invalid_grant` for a genuine token of this session.
fn invalid_grant(replaced: Option<Replaced>, refusal: RefreshRefusal) -> OAuthError {
    match replaced {
        Some(replaced) => OAuthError::refresh_token_replaced(replaced, refusal.as_str()),
        None => OAuthError::invalid_grant(refusal.as_str()),
    }
}

/// Records that another client presented the token of a session. That does not end the session and could be
/// repeated indefinitely, so the events are rate limited.
fn note_foreign_client(
    work: &mut Work<'_>,
    master: &MasterKey,
    session: &StoredSession,
    client: &Client,
    origin: &Origin,
) -> Result<(), StoreError> {
    let key = master.pseudonym(Purpose::Throttle, &[b"foreign client", session.id.as_bytes()]);
    let settled_at = rates::lock(work.conn, key, work.now)?;
    if FOREIGN_CLIENTS.wait(Some(settled_at), work.now).is_some() {
        return Ok(());
    }
    rates::set(work.conn, key, FOREIGN_CLIENTS.spend(Some(settled_at), work.now))?;
    let event = Event::new(Action::SessionForeignClient, Actor::Client(client.id.clone()), origin);
    let event = event.of_person(session.user_id.as_deref());
    work.record(event.org(&session.org_id).credential(&session.id).refused());
    Ok(())
}

/// Event about a token whose generation differs from the session's.
pub(super) fn generation_event(
    action: Action,
    session: &StoredSession,
    client: &Client,
    attempt: &Attempt<'_>,
) -> Event {
    Event::new(action, Actor::Client(client.id.clone()), &attempt.request.origin)
        .org(&session.org_id)
        .credential(&session.id)
        .target(session.user_id.as_deref().unwrap_or_default())
        .of_person(session.user_id.as_deref())
        .detail("presented_generation", attempt.token.generation)
        .detail("current_generation", session.generation)
}
