//! Refused refreshes: what the client learns, and what is recorded.

use chrono::TimeDelta;

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::Client;
use crate::domain::oauth_error::{OAuthError, Replaced};
use crate::domain::rate::Rate;
use crate::domain::secret::Digest;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::credentials::{self, Credential};
use crate::store::{Conn, StoreError, Work, rates};

/// How often it is recorded that a session's token came from another client.
const FOREIGN_CLIENTS: Rate = Rate::new(10, TimeDelta::hours(1));

/// What the holder of a genuine token may learn; `None` if no newer token has replaced it.
pub(super) fn replaced(
    conn: &mut Conn,
    session: &Credential,
    generation: i64,
    installation: Option<Digest>,
) -> Result<Option<Replaced>, StoreError> {
    let Some(last_rotation) = session.rotated_at.filter(|_| generation < session.generation) else {
        return Ok(None);
    };
    let same_device = match installation {
        Some(asking) => credentials::last_installation(conn, &session.id)?.map(|last| last == asking),
        None => None,
    };
    let by_last_rotation = generation == session.generation - 1;
    Ok(Some(Replaced { last_rotation, by_last_rotation, same_device }))
}

/// `invalid_grant` for a genuine token of this session.
pub(super) fn invalid_grant(replaced: Option<Replaced>, reason: &'static str) -> OAuthError {
    match replaced {
        Some(replaced) => OAuthError::refresh_token_replaced(replaced, reason),
        None => OAuthError::invalid_grant(reason),
    }
}

/// Records that another client presented the token of a session. It ends nothing, so it could be repeated for ever; only
/// so many are recorded.
pub(super) fn note_foreign_client(
    work: &mut Work<'_>,
    master: &MasterKey,
    session: &Credential,
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
    work.record(event.org(&session.org_id).credential(&session.id).refused());
    Ok(())
}

pub(super) fn reuse(
    session: &Credential,
    client: &Client,
    generation: i64,
    same_device: Option<bool>,
    origin: &Origin,
) -> Event {
    generations(Action::SessionRefreshReuse, session, client, generation, origin)
        .detail("same_device", same_device)
        .refused()
}

/// A genuine token of a generation that the database has not seen.
pub(super) fn ahead(session: &Credential, client: &Client, generation: i64, origin: &Origin) -> Event {
    generations(Action::SessionAhead, session, client, generation, origin)
}

fn generations(
    action: Action,
    session: &Credential,
    client: &Client,
    generation: i64,
    origin: &Origin,
) -> Event {
    Event::new(action, Actor::Client(client.id.clone()), origin)
        .org(&session.org_id)
        .credential(&session.id)
        .target(session.user_id.as_deref().unwrap_or_default())
        .detail("presented_generation", generation)
        .detail("current_generation", session.generation)
}
