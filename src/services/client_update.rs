//! Changes of a registered client, by the operator.

use super::accounts;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::client::Client;
use crate::store::{RefusalReason, TxError, Work, clients};

/// Why a client was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientUpdateRefusal {
    NoSuchClient,
    /// The redirect URIs of the companion CLI follow the server's version and public URL.
    CompanionUris,
}

impl RefusalReason for ClientUpdateRefusal {}

/// Changes name, redirect URIs, scopes or access token lifetime, and returns the client as it is then. Nodes recognize
/// their cached copies as outdated by the version. Sessions keep the permissions that they were given.
pub fn update(
    work: &mut Work<'_>,
    id: &str,
    edit: impl FnOnce(&mut Client),
) -> Result<Client, TxError<ClientUpdateRefusal>> {
    let before = clients::lock(work.conn, id)?.ok_or(ClientUpdateRefusal::NoSuchClient)?;
    let mut after = before.clone();
    edit(&mut after);
    let fields = [
        ("name", before.name != after.name),
        ("redirect_uris", before.redirect_uris != after.redirect_uris),
        ("scopes", before.scopes != after.scopes),
        ("access", before.access != after.access),
    ];
    let changed: Vec<&str> =
        fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
    if changed.contains(&"redirect_uris") && accounts::is_own_companion(work.conn, &before)? {
        return Err(ClientUpdateRefusal::CompanionUris.into());
    }
    if !changed.is_empty() {
        clients::update(work.conn, &after)?;
        let event = Event::new(Action::ClientUpdated, Actor::Operator, &Origin::default()).target(id);
        work.record(event.detail("changed", Fact::words(&changed)));
    }
    Ok(after)
}
