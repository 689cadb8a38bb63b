//! The credentials of one member in one organization: counted for lists, and ended or moved with the membership.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::ended_credentials::{marked_expired, not_expired};
use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::query::Locked;
use super::engine::schema::credentials;
use super::static_credentials::{Row, StaticCredential};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::scope::ScopeSet;
use crate::domain::time::Time;

/// Neither revoked nor past an end, and marked as `$marked` says.
macro_rules! working {
    ($org_id:expr, $now:expr, $marked:expr) => {
        credentials::org_id
            .eq($org_id)
            .and(credentials::revoked_at.is_null())
            .and($marked)
            .and(credentials::idle_ends_at.is_null().or(credentials::idle_ends_at.gt($now)))
            .and(credentials::ends_at.is_null().or(credentials::ends_at.gt($now)))
    };
}

/// User id, kind, and number of active credentials.
pub type ActiveCount = (Option<String>, CredentialKind, i64);

/// Numbers of active credentials of these users, by user and kind.
pub fn count_active(
    conn: &mut Conn,
    org_id: &str,
    user_ids: &[&str],
    now: Time,
) -> Result<Vec<ActiveCount>, StoreError> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(credentials::table
        .filter(credentials::user_id.eq_any(user_ids.iter().copied()))
        .filter(working!(org_id, now, not_expired()))
        .group_by((credentials::user_id, credentials::kind))
        .select((credentials::user_id, credentials::kind, count_star()))
        .load(conn)?)
}

/// An active credential, for people.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct ActiveCredential {
    pub name: String,
    pub last_used_at: Option<Time>,
}

/// At most `limit` active credentials of a user, newest first.
pub fn active(
    conn: &mut Conn,
    org_id: &str,
    user_id: &str,
    kind: CredentialKind,
    now: Time,
    limit: i64,
) -> Result<Vec<ActiveCredential>, StoreError> {
    Ok(credentials::table
        .filter(credentials::user_id.eq(user_id).and(credentials::kind.eq(kind)))
        .filter(working!(org_id, now, not_expired()))
        .order((credentials::created_at.desc(), credentials::id.desc()))
        .limit(limit)
        .select((credentials::name, credentials::last_used_at))
        .load(conn)?)
}

/// Active API keys that a user owns, newest first, after the position where the previous part ended, locked until the end of
/// the transaction. Does not use the hint of the sweep, so that no working key is missed.
pub fn lock_keys(
    conn: &mut Conn,
    org_id: &str,
    user_id: &str,
    now: Time,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<StaticCredential>, StoreError> {
    let mut query = credentials::table
        .filter(credentials::user_id.eq(user_id).and(credentials::kind.eq(CredentialKind::ApiKey)))
        .filter(credentials::org_id.eq(org_id).and(credentials::secret_hash.is_not_null()))
        .filter(credentials::revoked_at.is_null())
        .filter(credentials::ends_at.is_null().or(credentials::ends_at.gt(now)))
        .order((credentials::created_at.desc(), credentials::id.desc()))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(keyset::before!("created_at, id", Moment: *at, Text: id));
    }
    let rows: Vec<Row> = Locked(query).load(conn)?;
    rows.into_iter().map(StaticCredential::try_from).collect()
}

/// Makes a service account the owner of a key, with exactly these scopes.
pub fn move_key(
    conn: &mut Conn,
    id: &str,
    service_account_id: &str,
    scopes: &ScopeSet,
) -> Result<(), StoreError> {
    diesel::update(credentials::table.find(id))
        .set((
            credentials::user_id.eq(None::<String>),
            credentials::service_account_id.eq(service_account_id),
            credentials::scopes.eq(scopes.to_string()),
            credentials::unrestricted.eq(false),
        ))
        .execute(conn)?;
    Ok(())
}

/// Revokes the active credentials of a user in an organization, and returns id, kind and name of each. The mark of the
/// sweep is only a hint, so those that are marked as expired but still work are revoked as well.
pub fn revoke(
    conn: &mut Conn,
    org_id: &str,
    user_id: &str,
    at: Time,
    reason: EndReason,
) -> Result<Vec<(String, CredentialKind, String)>, StoreError> {
    let mut ended: Vec<(String, CredentialKind, String)> = Vec::new();
    for marked in [not_expired, marked_expired] {
        let working = || credentials::user_id.eq(user_id).and(working!(org_id, at, marked()));
        // Locks them in the order of their ids; an update alone would lock in any order.
        let query = credentials::table.filter(working()).order(credentials::id).select(credentials::id);
        Locked(query).load::<String>(conn)?;
        let revoked = diesel::update(credentials::table.filter(working()))
            .set((credentials::revoked_at.eq(at), credentials::revoked_reason.eq(reason)))
            .returning((credentials::id, credentials::kind, credentials::name))
            .get_results::<(String, CredentialKind, String)>(conn)?;
        ended.extend(revoked);
    }
    ended.sort_unstable_by(|(left, ..), (right, ..)| left.cmp(right));
    Ok(ended)
}
