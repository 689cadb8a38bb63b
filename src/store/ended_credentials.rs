//! Ended credentials: marked so that indexes can skip them, and removed some time later.
//!
//! `expired_at` is a hint for indexes. The sweep writes it after the end, so lists of active credentials also compare
//! `idle_ends_at` and `ends_at`. It may have been written by a wrong clock, so nothing is ended or removed because of
//! it alone.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Unlocked;
use super::engine::schema::{credentials, more_of_credentials, removed_credentials};
use super::sweeping::{Deleted, Span};
use crate::domain::time::Time;

/// With `revoked_at IS NULL`, matches the condition of the indexes of active credentials literally.
pub(in crate::store) fn not_expired() -> SqlLiteral<Bool> {
    sql("credentials.expired_at IS NULL")
}

/// With `revoked_at IS NULL`, matches the condition of the index of expired credentials literally.
pub(in crate::store) fn marked_expired() -> SqlLiteral<Bool> {
    sql("credentials.expired_at IS NOT NULL")
}

/// When a credential expires. `MIN` of several values on SQLite is `LEAST` on PostgreSQL, except that any NULL makes it
/// NULL.
fn earliest_end(conn: &Conn) -> &'static str {
    match conn {
        Conn::Postgres(_) => "LEAST(idle_ends_at, ends_at)",
        Conn::Sqlite(_) => "MIN(COALESCE(idle_ends_at, ends_at), COALESCE(ends_at, idle_ends_at))",
    }
}

/// Checks credentials that are due within the span: marks those that have expired before the end of the span, and sets
/// `due_at` of the others to their current end. Rows that are locked are left to the next sweep.
pub fn mark_expired(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    let due = || sql::<Moment>("COALESCE(due_at, created_at)");
    let query = more_of_credentials::table
        .filter(sql::<Bool>("revoked_at IS NULL AND expired_at IS NULL"))
        .filter(due().ge(span.from))
        .filter(due().lt(span.before))
        .order(due())
        .limit(span.limit)
        .select((more_of_credentials::id, due()));
    let found: Vec<(String, Time)> = Unlocked(query).load(conn)?;
    if found.is_empty() {
        return Ok(Deleted { rows: 0, to: None });
    }
    let end = earliest_end(conn);
    let expired = sql::<Nullable<Moment>>("CASE WHEN ")
        .sql(end)
        .sql(" < ")
        .bind::<Moment, _>(span.before)
        .sql(" THEN ")
        .sql(end)
        .sql(" END");
    let put_off =
        sql::<Nullable<Moment>>("COALESCE(").sql(end).sql(", ").bind::<Moment, _>(Time::LAST).sql(")");
    let ids = found.iter().map(|(id, _)| id.as_str());
    diesel::update(more_of_credentials::table.filter(more_of_credentials::id.eq_any(ids)))
        .set((more_of_credentials::expired_at.eq(expired), more_of_credentials::due_at.eq(put_off)))
        .execute(conn)?;
    Ok(Deleted { rows: found.len(), to: found.last().map(|(_, due)| *due) })
}

/// Removes credentials that ended within the span, and keeps their names for the audit log and usage. A key that
/// replaced another one is not removed before it.
pub fn remove(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    let ended = || sql::<Moment>("COALESCE(expired_at, revoked_at)");
    let indeed = sql::<Bool>("(revoked_at IS NOT NULL OR ")
        .sql(earliest_end(conn))
        .sql(" < ")
        .bind::<Moment, _>(span.before)
        .sql(")");
    let query = credentials::table
        .filter(sql::<Bool>("COALESCE(expired_at, revoked_at) IS NOT NULL"))
        .filter(ended().ge(span.from))
        .filter(ended().lt(span.before))
        .filter(indeed)
        .filter(sql::<Bool>(
            "NOT EXISTS (SELECT 1 FROM credentials AS older WHERE older.replaced_by = credentials.id)",
        ))
        .order(ended())
        .limit(span.limit)
        .select((credentials::id, ended()));
    let found: Vec<(String, Time)> = Unlocked(query).load(conn)?;
    if found.is_empty() {
        return Ok(Deleted { rows: 0, to: None });
    }
    let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
    let named = credentials::table.filter(credentials::id.eq_any(ids.iter().copied()));
    named
        .select((credentials::id, credentials::name, credentials::mode, credentials::user_id))
        .insert_into(removed_credentials::table)
        .into_columns((
            removed_credentials::id,
            removed_credentials::name,
            removed_credentials::mode,
            removed_credentials::user_id,
        ))
        .execute(conn)?;
    diesel::delete(credentials::table.filter(credentials::id.eq_any(ids.iter().copied()))).execute(conn)?;
    Ok(Deleted { rows: found.len(), to: found.last().map(|(_, ended)| *ended) })
}
