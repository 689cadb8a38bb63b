//! OAuth clients.

use chrono::TimeDelta;
use diesel::dsl::max;
use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Locked;
use super::engine::schema::clients;
use crate::domain::client::{Client, ClientKind, Grant, OldSecret};
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = clients, treat_none_as_null = true)]
struct Row {
    id: String,
    name: String,
    kind: ClientKind,
    secret_hash: Option<Digest>,
    redirect_uris: String,
    scopes: Option<String>,
    grants: String,
    command: Option<String>,
    access_seconds: Option<i64>,
    created_at: Time,
    disabled_at: Option<Time>,
    version: i64,
    old_secret_hash: Option<Digest>,
    old_secret_ends_at: Option<Time>,
}

impl TryFrom<Row> for Client {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |what: &str| StoreError::Failed(format!("client {}: {what} cannot be read", row.id));
        let uris: Vec<String> =
            serde_json::from_str(&row.redirect_uris).map_err(|_| damaged("redirect_uris"))?;
        let grants: Option<Vec<Grant>> = row.grants.split_whitespace().map(Grant::parse).collect();
        Ok(Self {
            redirect_uris: uris.into_iter().map(RedirectUri::from_stored).collect(),
            scopes: row.scopes.as_deref().map(ScopeSet::parse).transpose().map_err(|_| damaged("scopes"))?,
            grants: grants.ok_or_else(|| damaged("grants"))?,
            access: row.access_seconds.map(TimeDelta::seconds),
            id: row.id,
            name: row.name,
            kind: row.kind,
            secret: row.secret_hash,
            old_secret: row
                .old_secret_hash
                .zip(row.old_secret_ends_at)
                .map(|(digest, ends_at)| OldSecret { digest, ends_at }),
            command: row.command,
            created_at: row.created_at,
            disabled_at: row.disabled_at,
            version: row.version,
        })
    }
}

impl From<&Client> for Row {
    fn from(client: &Client) -> Self {
        Self {
            id: client.id.clone(),
            name: client.name.clone(),
            kind: client.kind,
            secret_hash: client.secret,
            redirect_uris: uris(&client.redirect_uris),
            scopes: client.scopes.as_ref().map(ToString::to_string),
            grants: words(&client.grants),
            command: client.command.clone(),
            access_seconds: client.access.map(|access| access.num_seconds()),
            created_at: client.created_at,
            disabled_at: client.disabled_at,
            version: client.version,
            old_secret_hash: client.old_secret.map(|old| old.digest),
            old_secret_ends_at: client.old_secret.map(|old| old.ends_at),
        }
    }
}

/// Inserts a client; `StoreError::Conflict` if its id is in use, even by a removed client.
pub fn insert(conn: &mut Conn, client: &Client) -> Result<(), StoreError> {
    diesel::insert_into(clients::table).values(&Row::from(client)).execute(conn)?;
    Ok(())
}

/// Whether the client with this id is removed and not registered again.
pub fn is_removed(conn: &mut Conn, id: &str) -> Result<bool, StoreError> {
    let removed = clients::table.find(id).filter(clients::disabled_at.is_not_null());
    Ok(removed.count().get_result::<i64>(conn)? > 0)
}

/// Replaces a removed client of the same id by this registration; `false` if no such client was removed. Increments the
/// removed client's version, so that no cached copy of it passes for the new one.
pub fn replace_removed(conn: &mut Conn, client: &Client) -> Result<bool, StoreError> {
    let removed = clients::table.find(&client.id).filter(clients::disabled_at.is_not_null());
    let Some(version) = Locked(removed.select(clients::version)).get_result::<i64>(conn).optional()? else {
        return Ok(false);
    };
    let row = Row { version: version + 1, ..Row::from(client) };
    diesel::update(clients::table.find(&client.id)).set(&row).execute(conn)?;
    Ok(true)
}

fn uris(uris: &[RedirectUri]) -> String {
    serde_json::json!(uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>()).to_string()
}

fn words(grants: &[Grant]) -> String {
    grants.iter().map(|grant| grant.as_str()).collect::<Vec<_>>().join(" ")
}

/// Changes redirect URIs and grants of the registration made at `created_at`. Does nothing if that one has been removed
/// or replaced.
pub fn update_registration(
    conn: &mut Conn,
    id: &str,
    created_at: Time,
    redirect_uris: &[RedirectUri],
    grants: &[Grant],
) -> Result<(), StoreError> {
    let (uris, grants) = (uris(redirect_uris), words(grants));
    let differs = clients::redirect_uris.ne(&uris).or(clients::grants.ne(&grants));
    let registration = clients::table
        .find(id)
        .filter(clients::created_at.eq(created_at).and(clients::disabled_at.is_null()));
    diesel::update(registration.filter(differs))
        .set((
            clients::redirect_uris.eq(&uris),
            clients::grants.eq(&grants),
            clients::version.eq(clients::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// An active client; `None` if it is removed.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Client>, StoreError> {
    let row = clients::table
        .find(id)
        .filter(clients::disabled_at.is_null())
        .select(Row::as_select())
        .get_result(conn)
        .optional()?;
    row.map(Client::try_from).transpose()
}

/// Like [`find`], and locks the client until the end of the transaction.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<Client>, StoreError> {
    let client = clients::table.find(id).filter(clients::disabled_at.is_null()).select(Row::as_select());
    Locked(client).get_result::<Row>(conn).optional()?.map(Client::try_from).transpose()
}

/// Replaces the secrets of a client.
pub fn set_secrets(
    conn: &mut Conn,
    id: &str,
    secret: Option<Digest>,
    old: Option<OldSecret>,
) -> Result<(), StoreError> {
    diesel::update(clients::table.find(id))
        .set((
            clients::secret_hash.eq(secret),
            clients::old_secret_hash.eq(old.map(|old| old.digest)),
            clients::old_secret_ends_at.eq(old.map(|old| old.ends_at)),
            clients::version.eq(clients::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Stores name, redirect URIs, scopes and access token lifetime of a client.
pub fn update(conn: &mut Conn, client: &Client) -> Result<(), StoreError> {
    diesel::update(clients::table.find(&client.id))
        .set((
            clients::name.eq(&client.name),
            clients::redirect_uris.eq(uris(&client.redirect_uris)),
            clients::scopes.eq(client.scopes.as_ref().map(ToString::to_string)),
            clients::access_seconds.eq(client.access.map(|access| access.num_seconds())),
            clients::version.eq(clients::version + 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// The longest access token lifetime that any client sets for itself.
pub fn longest_access(conn: &mut Conn) -> Result<Option<TimeDelta>, StoreError> {
    let longest = clients::table.filter(clients::disabled_at.is_null()).select(max(clients::access_seconds));
    Ok(longest.get_result::<Option<i64>>(conn)?.and_then(TimeDelta::try_seconds))
}

/// The name of a client, removed or not.
pub fn name(conn: &mut Conn, id: &str) -> Result<Option<String>, StoreError> {
    Ok(clients::table.find(id).select(clients::name).get_result(conn).optional()?)
}

/// Whether the id is in use, even by a removed client.
pub fn exists(conn: &mut Conn, id: &str) -> Result<bool, StoreError> {
    Ok(clients::table.find(id).count().get_result::<i64>(conn)? > 0)
}

/// A page of the registered clients, by id. `after` is the last id of the page before it, or empty.
pub fn page(conn: &mut Conn, after: &str, limit: i64) -> Result<Vec<Client>, StoreError> {
    let rows: Vec<Row> = clients::table
        .filter(clients::id.gt(after).and(clients::disabled_at.is_null()))
        .order(clients::id)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Client::try_from).collect()
}

/// Removes a client. Keeps its row, because sessions refer to it.
pub fn disable(conn: &mut Conn, id: &str, at: Time) -> Result<bool, StoreError> {
    let changed = diesel::update(clients::table.find(id).filter(clients::disabled_at.is_null()))
        .set((clients::disabled_at.eq(at), clients::version.eq(clients::version + 1)))
        .execute(conn)?;
    Ok(changed == 1)
}
