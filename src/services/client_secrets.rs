//! Secrets of confidential clients: rotation with an optional overlap, and revocation of the old secret.

use chrono::TimeDelta;

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::client::OldSecret;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::store::{RefusalReason, TxError, Work, clients};

/// Maximum time that a replaced secret is still accepted.
pub const MAX_OVERLAP: TimeDelta = TimeDelta::days(30);

/// Why a secret was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSecretRefusal {
    NoSuchClient,
    /// The client is public and has no secret.
    Public,
}

impl RefusalReason for ClientSecretRefusal {}

/// Rotates a client secret. The current one is accepted for `keep_old` longer; any older one ends. Returns
/// when the old one ends, if it is still accepted.
pub fn rotate(
    work: &mut Work<'_>,
    id: &str,
    new: Digest,
    keep_old: TimeDelta,
    actor: &Actor,
) -> Result<Option<Time>, TxError<ClientSecretRefusal>> {
    let client = clients::lock(work.conn, id)?.ok_or(ClientSecretRefusal::NoSuchClient)?;
    if client.is_public() {
        return Err(ClientSecretRefusal::Public.into());
    }
    let lives_on = keep_old > TimeDelta::zero();
    let old = client.secret.filter(|_| lives_on);
    let old = old.map(|digest| OldSecret { digest, ends_at: work.now + keep_old });
    clients::set_secrets(work.conn, id, Some(new), old)?;
    let ends_at = old.map(|old| old.ends_at);
    let event = Event::new(Action::ClientSecretRotated, actor.clone(), &Origin::default()).target(id);
    work.record(event.detail("old_secret_ends_at", ends_at));
    Ok(ends_at)
}

/// Revokes the previous secret; `false` if none is still accepted.
pub fn end_old(work: &mut Work<'_>, id: &str, actor: &Actor) -> Result<bool, TxError<ClientSecretRefusal>> {
    let client = clients::lock(work.conn, id)?.ok_or(ClientSecretRefusal::NoSuchClient)?;
    if client.is_public() {
        return Err(ClientSecretRefusal::Public.into());
    }
    let accepted = client.old_secret.is_some_and(|old| work.now < old.ends_at);
    clients::set_secrets(work.conn, id, client.secret, None)?;
    if accepted {
        let event = Event::new(Action::ClientOldSecretEnded, actor.clone(), &Origin::default());
        work.record(event.target(id));
    }
    Ok(accepted)
}
