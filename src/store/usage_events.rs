//! The log of uses: one row per request made with a credential.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::schema::uses;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::time::Time;
use crate::domain::usage::UseOutcome;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = uses, treat_none_as_default_value = false)]
pub struct UsageEvent {
    pub id: String,
    pub at: Time,
    pub org_id: String,
    pub user_id: Option<String>,
    pub service_account_id: Option<String>,
    pub credential_id: String,
    pub endpoint: String,
    pub outcome: UseOutcome,
    pub status: i64,
    pub ip: Option<String>,
    pub request_id: Option<String>,
}

/// Filter of the log. `None` means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageEventFilter {
    pub since: Option<Time>,
    /// Exclusive.
    pub until: Option<Time>,
    pub credential: Option<String>,
    pub outcome: Option<UseOutcome>,
}

/// Inserts uses; on PostgreSQL in one statement.
pub fn insert(conn: &mut Conn, rows: &[UsageEvent]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = diesel::insert_into(uses::table).values(rows);
    match conn {
        Conn::Postgres(conn) => statement.execute(conn)?,
        Conn::Sqlite(conn) => statement.execute(conn)?,
    };
    Ok(())
}

/// Uses in an organization after a position (time, id), newest first.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: &UsageEventFilter,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<UsageEvent>, StoreError> {
    let UsageEventFilter { since, until, credential, outcome } = filter;
    let mut query = uses::table
        .filter(uses::org_id.eq(org_id))
        .order((uses::at.desc(), uses::id.desc()))
        .limit(limit)
        .select(UsageEvent::as_select())
        .into_boxed();
    if let Some(at) = since {
        query = query.filter(uses::at.ge(*at));
    }
    // Only one upper bound: given two, SQLite seeks by the end of the period and scans from there to the position on
    // every page.
    match (after, until) {
        (Some((at, id)), until) if until.is_none_or(|until| *at < until) => {
            query = query.filter(keyset::before!("at, id", Moment: *at, Text: id));
        }
        (_, Some(until)) => query = query.filter(uses::at.lt(*until)),
        (_, None) => {}
    }
    if let Some(id) = credential {
        query = query.filter(keyset::rare!(conn, "credential_id", id));
    }
    match outcome {
        None => {}
        // Must match the condition of the partial indexes literally.
        Some(UseOutcome::Denied) => query = query.filter(sql::<Bool>("outcome = 'denied'")),
        Some(UseOutcome::Allowed) => query = query.filter(uses::outcome.eq(UseOutcome::Allowed)),
    }
    Ok(query.load(conn)?)
}

/// Deletes uses by age.
pub fn delete_old(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "uses", column: "at", condition: None }.delete(conn, span)
}
