//! Usage: the number of uses per credential, endpoint, outcome and day.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel::upsert::excluded;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::query::Prepared;
use super::engine::schema::usage;
use super::sweeping::{Deleted, Span};
use crate::domain::usage::{CountKey, UseOutcome};

/// One row of usage.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = usage)]
pub struct UsageCount {
    pub day: String,
    pub credential_id: String,
    pub endpoint: String,
    pub outcome: UseOutcome,
    pub count: i64,
}

/// Adds to the counts; on PostgreSQL in one statement.
pub fn add(conn: &mut Conn, counts: &BTreeMap<CountKey, i64>) -> Result<(), StoreError> {
    let row = |(counted, count): (&CountKey, &i64)| {
        (
            usage::org_id.eq(counted.org_id.clone()),
            usage::day.eq(counted.day.clone()),
            usage::credential_id.eq(counted.credential_id.clone()),
            usage::endpoint.eq(counted.endpoint.clone()),
            usage::outcome.eq(counted.outcome),
            usage::count.eq(*count),
        )
    };
    let place = (usage::org_id, usage::day, usage::credential_id, usage::endpoint, usage::outcome);
    let more = usage::count.eq(usage::count + excluded(usage::count));
    match conn {
        Conn::Postgres(conn) => {
            let rows: Vec<_> = counts.iter().map(row).collect();
            diesel::insert_into(usage::table)
                .values(rows)
                .on_conflict(place)
                .do_update()
                .set(more)
                .execute(conn)?;
        }
        Conn::Sqlite(conn) => {
            for counted in counts {
                let statement = diesel::insert_into(usage::table).values(row(counted));
                Prepared(statement.on_conflict(place).do_update().set(more)).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Organization, day and credential.
pub type CredentialDay = (String, String, String);

/// The number of distinct endpoints counted so far, per credential and day of one batch of uses.
pub fn endpoints(
    conn: &mut Conn,
    counts: &BTreeMap<CountKey, i64>,
) -> Result<BTreeMap<CredentialDay, usize>, StoreError> {
    let all = |part: fn(&CountKey) -> &str| counts.keys().map(part).collect::<BTreeSet<_>>();
    let rows: Vec<(String, String, String, i64)> = usage::table
        .filter(usage::org_id.eq_any(all(|counted| &counted.org_id)))
        .filter(usage::day.eq_any(all(|counted| &counted.day)))
        .filter(usage::credential_id.eq_any(all(|counted| &counted.credential_id)))
        .group_by((usage::org_id, usage::day, usage::credential_id))
        .select((usage::org_id, usage::day, usage::credential_id, sql::<BigInt>("COUNT(DISTINCT endpoint)")))
        .load(conn)?;
    let number = |count| usize::try_from(count).unwrap_or(usize::MAX);
    Ok(rows.into_iter().map(|(org_id, day, id, count)| ((org_id, day, id), number(count))).collect())
}

/// The endpoints counted so far for a credential on a day. Their number is limited when they are written.
pub fn endpoints_of(
    conn: &mut Conn,
    (org_id, day, credential_id): &CredentialDay,
) -> Result<BTreeSet<String>, StoreError> {
    let names: Vec<String> = usage::table
        .filter(usage::org_id.eq(org_id).and(usage::day.eq(day)))
        .filter(usage::credential_id.eq(credential_id))
        .select(usage::endpoint)
        .distinct()
        .load(conn)?;
    Ok(names.into_iter().collect())
}

/// Filter of usage. `from` and `to` are days such as `2026-11-23`, both inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageCountFilter {
    pub from: String,
    pub to: String,
    pub credential: Option<String>,
}

/// Position of a row in the list: day, credential, endpoint, outcome.
pub type UsageCountCursor = [String; 4];

/// The counts of an organization after a position, earliest day first.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: &UsageCountFilter,
    after: Option<&UsageCountCursor>,
    limit: i64,
) -> Result<Vec<UsageCount>, StoreError> {
    let mut query = usage::table
        .filter(usage::org_id.eq(org_id).and(usage::day.le(&filter.to)))
        .order((usage::day, usage::credential_id, usage::endpoint, usage::outcome))
        .limit(limit)
        .select(UsageCount::as_select())
        .into_boxed();
    if let Some(id) = &filter.credential {
        query = query.filter(usage::credential_id.eq(id));
    }
    // Only one lower bound: given two, SQLite seeks by the first day and scans from there to the position on every
    // page.
    match after {
        Some([day, credential, endpoint, outcome]) if *day >= filter.from => {
            query = query.filter(keyset::after!(
                "day, credential_id, endpoint, outcome",
                Text: day, Text: credential, Text: endpoint, Text: outcome,
            ));
        }
        _ => query = query.filter(usage::day.ge(&filter.from)),
    }
    Ok(query.load(conn)?)
}

/// Sum over endpoints.
fn total() -> SqlLiteral<BigInt> {
    sql("CAST(SUM(count) AS BIGINT)")
}

/// Counts by day and outcome, earliest day first. At most one row per day and outcome.
pub fn by_day(
    conn: &mut Conn,
    org_id: &str,
    from: &str,
    to: &str,
) -> Result<Vec<(String, UseOutcome, i64)>, StoreError> {
    Ok(usage::table
        .filter(usage::org_id.eq(org_id).and(usage::day.between(from, to)))
        .group_by((usage::day, usage::outcome))
        .order((usage::day, usage::outcome))
        .select((usage::day, usage::outcome, total()))
        .load(conn)?)
}

/// Total of one credential.
#[derive(Debug, Clone, Queryable)]
pub struct CredentialTotal {
    pub id: String,
    pub allowed: i64,
    pub denied: i64,
    /// The last day on which it was used.
    pub last_day: String,
    /// Number of credentials with uses, including this one.
    pub used: i64,
}

/// Totals of the `limit` most used credentials.
pub fn most_used(
    conn: &mut Conn,
    org_id: &str,
    from: &str,
    to: &str,
    limit: i64,
) -> Result<Vec<CredentialTotal>, StoreError> {
    let with = |outcome: &str| {
        sql::<BigInt>(&format!("CAST(SUM(CASE WHEN outcome = '{outcome}' THEN count ELSE 0 END) AS BIGINT)"))
    };
    Ok(usage::table
        .filter(usage::org_id.eq(org_id).and(usage::day.between(from, to)))
        .group_by(usage::credential_id)
        .order((total().desc(), usage::credential_id))
        .limit(limit)
        .select((
            usage::credential_id,
            with(UseOutcome::Allowed.as_str()),
            with(UseOutcome::Denied.as_str()),
            sql::<Text>("MAX(day)"),
            // The window function counts the groups before the limit applies.
            sql::<BigInt>("COUNT(*) OVER ()"),
        ))
        .load(conn)?)
}

/// Deletes the counts of days that ended before the end of the span.
pub fn delete_old(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    // By physical row id, because the primary key has five columns.
    let statement = sql_query(match conn {
        Conn::Postgres(_) => {
            "DELETE FROM usage WHERE ctid = ANY (ARRAY (SELECT ctid FROM usage WHERE day < $1 ORDER BY day LIMIT $2))"
        }
        Conn::Sqlite(_) => {
            "DELETE FROM usage WHERE rowid IN (SELECT rowid FROM usage WHERE day < $1 ORDER BY day LIMIT $2)"
        }
    });
    let rows = statement.bind::<Text, _>(span.before.day()).bind::<BigInt, _>(span.limit).execute(conn)?;
    Ok(Deleted { rows, to: None })
}
