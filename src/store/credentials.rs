//! Credentials: CLI sessions, personal tokens and API keys.

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::ended_credentials::{marked_expired, not_expired};
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::{Locked, Prepared, Unlocked};
use super::engine::schema::{credentials, more_of_credentials};
use crate::domain::credential::{CredentialKind, EndReason, is_active};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credentials)]
#[diesel(treat_none_as_default_value = false)]
pub struct Credential {
    pub id: String,
    pub kind: CredentialKind,
    pub org_id: String,
    pub user_id: Option<String>,
    pub client_id: Option<String>,
    pub name: String,
    pub scopes: String,
    /// Random input from which, with the generation and the master key, the refresh token is derived.
    pub seed: Option<Vec<u8>>,
    pub generation: i64,
    pub rotated_at: Option<Time>,
    pub idle_ends_at: Option<Time>,
    pub ends_at: Option<Time>,
    pub auth_time: Option<Time>,
    pub created_at: Time,
    pub created_ip: Option<String>,
    pub device_name: Option<String>,
    pub device_os: Option<String>,
    pub tool_version: Option<String>,
    pub last_used_at: Option<Time>,
    pub last_used_ip: Option<String>,
    pub revoked_at: Option<Time>,
    pub revoked_reason: Option<EndReason>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Credential {
    /// Whether it has neither expired nor been revoked.
    pub fn is_active(&self, now: Time) -> bool {
        is_active(self.revoked_at, &[self.idle_ends_at, self.ends_at], now)
    }
}

pub fn insert(conn: &mut Conn, credential: &Credential) -> Result<(), StoreError> {
    Prepared(diesel::insert_into(credentials::table).values(credential)).execute(conn)?;
    Ok(())
}

/// Inserts several; on PostgreSQL in one statement.
pub(in crate::store) fn insert_all<'a>(
    conn: &mut Conn,
    credentials: impl Iterator<Item = &'a Credential>,
) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(conn) => {
            let all: Vec<&Credential> = credentials.collect();
            diesel::insert_into(credentials::table).values(all).execute(conn)?;
        }
        Conn::Sqlite(_) => {
            for credential in credentials {
                insert(conn, credential)?;
            }
        }
    }
    Ok(())
}

pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Credential>, StoreError> {
    Ok(credentials::table.find(id).select(Credential::as_select()).get_result(conn).optional()?)
}

/// Like [`find`], and locks the credential until the end of the transaction.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<Credential>, StoreError> {
    let query = credentials::table.find(id).select(Credential::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// The installation that made the last refresh of a session; `None` if the tool did not identify it.
pub fn last_installation(conn: &mut Conn, id: &str) -> Result<Option<Digest>, StoreError> {
    let found = more_of_credentials::table.find(id).select(more_of_credentials::installation_hash);
    Ok(found.get_result::<Option<Digest>>(conn).optional()?.flatten())
}

/// Revokes one credential; `false` if it was revoked already.
pub fn revoke(conn: &mut Conn, id: &str, at: Time, reason: EndReason) -> Result<bool, StoreError> {
    let changed = diesel::update(credentials::table.find(id).filter(credentials::revoked_at.is_null()))
        .set((credentials::revoked_at.eq(at), credentials::revoked_reason.eq(reason)))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Number of sessions of a client that are not revoked.
pub fn count_of_client(conn: &mut Conn, client_id: &str) -> Result<i64, StoreError> {
    Ok(credentials::table
        .filter(credentials::client_id.eq(client_id).and(credentials::revoked_at.is_null()))
        .count()
        .get_result(conn)?)
}

/// Revokes all sessions of a client that are not revoked yet, and returns their ids.
pub fn revoke_of_client(conn: &mut Conn, client_id: &str, at: Time) -> Result<Vec<String>, StoreError> {
    let active = credentials::table
        .filter(credentials::client_id.eq(client_id).and(credentials::revoked_at.is_null()))
        .order(credentials::id)
        .select(credentials::id);
    // Locks them in the order of their ids; an update alone would lock in any order.
    Locked(active).load::<String>(conn)?;
    Ok(diesel::update(credentials::table)
        .filter(credentials::client_id.eq(client_id).and(credentials::revoked_at.is_null()))
        .set((credentials::revoked_at.eq(at), credentials::revoked_reason.eq(EndReason::ClientRemoved)))
        .returning(credentials::id)
        .get_results(conn)?)
}

/// Advances a session to a generation that a restored database does not know; `false` if it is not at `from`.
pub fn skip_to_generation(conn: &mut Conn, id: &str, from: i64, to: i64) -> Result<bool, StoreError> {
    let at = credentials::table.find(id).filter(credentials::generation.eq(from));
    let changed = diesel::update(at.filter(credentials::revoked_at.is_null()))
        .set(credentials::generation.eq(to))
        .execute(conn)?;
    Ok(changed == 1)
}

pub fn rename(conn: &mut Conn, id: &str, name: &str) -> Result<(), StoreError> {
    diesel::update(credentials::table.find(id)).set(credentials::name.eq(name)).execute(conn)?;
    Ok(())
}

/// Locks those of these credentials whose recorded last use is not later than `at`, until the end of the transaction.
/// Skips locked ones.
pub fn lock_last_used_before(conn: &mut Conn, ids: &[&str], at: Time) -> Result<Vec<String>, StoreError> {
    let news = credentials::last_used_at.is_null().or(credentials::last_used_at.le(at));
    let query = credentials::table.filter(credentials::id.eq_any(ids).and(news)).select(credentials::id);
    Ok(Unlocked(query).load(conn)?)
}

/// Records a use, unless a later one is recorded.
pub fn touch(conn: &mut Conn, id: &str, at: Time, ip: Option<&str>) -> Result<(), StoreError> {
    let news = credentials::last_used_at.is_null().or(credentials::last_used_at.lt(at));
    diesel::update(credentials::table.find(id).filter(news))
        .set((credentials::last_used_at.eq(at), credentials::last_used_ip.eq(ip)))
        .execute(conn)?;
    Ok(())
}

/// Id, kind and user id of a credential.
pub type PersonalCredential = (String, CredentialKind, Option<String>);

/// Active credentials that the organization's `personal_tokens` setting controls, marked as `$marked` says.
macro_rules! personal {
    ($org_id:expr, $now:expr, $marked:expr) => {
        credentials::org_id
            .eq($org_id)
            .and($marked)
            .and(credentials::kind.ne(CredentialKind::ApiKey))
            .and(credentials::revoked_at.is_null())
            .and(credentials::idle_ends_at.is_null().or(credentials::idle_ends_at.gt($now)))
            .and(credentials::ends_at.is_null().or(credentials::ends_at.gt($now)))
    };
}

/// Numbers of active CLI sessions, of active personal tokens, and of people who have one. These are the credentials
/// that the organization's `personal_tokens` setting controls.
pub fn count_personal(conn: &mut Conn, org_id: &str, now: Time) -> Result<[i64; 3], StoreError> {
    let of_kind = |kind: CredentialKind| {
        sql::<BigInt>(&format!("COUNT(CASE WHEN credentials.kind = '{}' THEN 1 END)", kind.as_str()))
    };
    let counts = (
        of_kind(CredentialKind::CliSession),
        of_kind(CredentialKind::PersonalToken),
        sql::<BigInt>("COUNT(DISTINCT credentials.user_id)"),
    );
    let active = credentials::table.filter(personal!(org_id, now, not_expired()));
    let (sessions, personal_tokens, people) = active.select(counts).get_result(conn)?;
    Ok([sessions, personal_tokens, people])
}

/// Revokes the active CLI sessions and personal tokens of an organization and returns them: four statements, whatever
/// their number. The mark of the sweep is only a hint, so those that are marked as expired but still work are revoked as
/// well.
pub fn revoke_personal(
    conn: &mut Conn,
    org_id: &str,
    at: Time,
    reason: EndReason,
) -> Result<Vec<PersonalCredential>, StoreError> {
    let mut ended: Vec<PersonalCredential> = Vec::new();
    for marked in [not_expired, marked_expired] {
        let working = || personal!(org_id, at, marked());
        // Locks them in the order of their ids; an update alone would lock in any order.
        let query = credentials::table.filter(working()).order(credentials::id).select(credentials::id);
        Locked(query).load::<String>(conn)?;
        let revoked = diesel::update(credentials::table.filter(working()))
            .set((credentials::revoked_at.eq(at), credentials::revoked_reason.eq(reason)))
            .returning((credentials::id, credentials::kind, credentials::user_id))
            .get_results::<PersonalCredential>(conn)?;
        ended.extend(revoked);
    }
    ended.sort_unstable_by(|(left, ..), (right, ..)| left.cmp(right));
    Ok(ended)
}

/// Revokes the active CLI sessions of an organization and returns how many. The mark of the sweep is only a hint, so those
/// that are marked as expired but still work are revoked as well.
pub fn revoke_sessions(
    conn: &mut Conn,
    org_id: &str,
    at: Time,
    reason: EndReason,
) -> Result<usize, StoreError> {
    let mut ended = 0;
    for marked in [not_expired, marked_expired] {
        let working =
            || credentials::kind.eq(CredentialKind::CliSession).and(personal!(org_id, at, marked()));
        // Locks them in the order of their ids; an update alone would lock in any order.
        let query = credentials::table.filter(working()).order(credentials::id).select(credentials::id);
        Locked(query).load::<String>(conn)?;
        ended += diesel::update(credentials::table.filter(working()))
            .set((credentials::revoked_at.eq(at), credentials::revoked_reason.eq(reason)))
            .execute(conn)?;
    }
    Ok(ended)
}

/// The newest session of a user with a client that was created since `since` and is not revoked.
pub fn latest_session(
    conn: &mut Conn,
    user_id: &str,
    client_id: &str,
    since: Time,
) -> Result<Option<Credential>, StoreError> {
    Ok(credentials::table
        .filter(credentials::user_id.eq(user_id).and(credentials::client_id.eq(client_id)))
        .filter(credentials::created_at.ge(since).and(credentials::revoked_at.is_null()))
        .order(credentials::created_at.desc())
        .select(Credential::as_select())
        .first(conn)
        .optional()?)
}

/// Whether a user has signed in to a client since its registration. Ignores sessions of a removed client with the
/// same id.
pub fn has_used_client(
    conn: &mut Conn,
    user_id: &str,
    client_id: &str,
    registered_at: Time,
) -> Result<bool, StoreError> {
    let used = credentials::table
        .filter(credentials::user_id.eq(user_id).and(credentials::client_id.eq(client_id)))
        .filter(credentials::created_at.ge(registered_at));
    Ok(diesel::select(exists(used)).get_result(conn)?)
}
