//! Removal of the rows of deleted organizations, in small steps.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Text};

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{audit_events, audit_heads, organizations, person_values};
use super::organization_names;
use super::organizations::Organization;
use crate::domain::time::Time;

/// Rows of organizations, with the condition of the index that finds them.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    table: &'static str,
    condition: &'static str,
}

const fn rows(table: &'static str, condition: &'static str) -> Rows {
    Rows { table, condition }
}

/// A key is never removed before the one that it replaced.
const OLDEST: &str =
    "NOT EXISTS (SELECT 1 FROM credentials AS older WHERE older.replaced_by = credentials.id)";

/// All rows that belong to an organization, those that refer to others first. The requests of sign-ins are gone by then:
/// they are kept for a day.
pub const PURGED: [Rows; 13] = [
    rows("authorization_codes", "TRUE"),
    rows("device_requests", "TRUE"),
    rows("credentials", "revoked_at IS NULL AND expired_at IS NULL"),
    rows("credentials", "revoked_at IS NULL AND expired_at IS NOT NULL"),
    rows("credentials", "revoked_at IS NOT NULL"),
    rows("service_accounts", "TRUE"),
    rows("invitations", "state = 'waiting'"),
    rows("invitations", "state <> 'waiting'"),
    rows("join_links", "TRUE"),
    rows("memberships", "TRUE"),
    rows("ended_memberships", "TRUE"),
    rows("uses", "TRUE"),
    rows("usage", "TRUE"),
];

impl Rows {
    /// Deletes at most `limit` rows and returns how many.
    pub fn delete(&self, conn: &mut Conn, org_id: &str, limit: i64) -> Result<usize, StoreError> {
        let Self { table, condition } = self;
        let row = match conn {
            Conn::Postgres(_) => "ctid",
            Conn::Sqlite(_) => "rowid",
        };
        let oldest = if *table == "credentials" { OLDEST } else { "TRUE" };
        let found =
            format!("SELECT {row} FROM {table} WHERE org_id = $1 AND {condition} AND {oldest} LIMIT $2");
        let statement = match conn {
            Conn::Postgres(_) => format!("DELETE FROM {table} WHERE ctid = ANY (ARRAY ({found}))"),
            Conn::Sqlite(_) => format!("DELETE FROM {table} WHERE rowid IN ({found})"),
        };
        Ok(sql_query(statement).bind::<Text, _>(org_id).bind::<BigInt, _>(limit).execute(conn)?)
    }
}

/// Organizations that were deleted before `before` and are not purged, the first to be deleted first.
pub fn to_purge(conn: &mut Conn, before: Time, limit: i64) -> Result<Vec<Organization>, StoreError> {
    Ok(organizations::table
        // The exact condition of the partial index.
        .filter(sql::<Bool>("deleted_at IS NOT NULL AND purged_at IS NULL"))
        .filter(organizations::deleted_at.lt(before))
        .order(organizations::deleted_at)
        .limit(limit)
        .select(Organization::as_select())
        .load(conn)?)
}

/// Marks an organization as purged. Its short name becomes a former one from its deletion on, and its id takes the place.
pub fn finish(conn: &mut Conn, organization: &Organization, now: Time) -> Result<(), StoreError> {
    organization_names::retire(conn, &organization.slug, organization.deleted_at.unwrap_or(now))?;
    diesel::update(organizations::table.find(&organization.id))
        .set((organizations::purged_at.eq(now), organizations::slug.eq(&organization.id)))
        .execute(conn)?;
    Ok(())
}

/// Purged organizations that were deleted before `before` and still have audit events, the first to be deleted first.
pub fn with_log(conn: &mut Conn, before: Time, limit: i64) -> Result<Vec<Organization>, StoreError> {
    Ok(organizations::table
        // The exact condition of the partial index.
        .filter(sql::<Bool>("purged_at IS NOT NULL AND name <> ''"))
        .filter(organizations::deleted_at.lt(before))
        .order(organizations::deleted_at)
        .limit(limit)
        .select(Organization::as_select())
        .load(conn)?)
}

/// Allows the removal of the audit events of an organization and removes the head of their chain. Returns the number and the
/// hash of the last event; `None` if it was done before.
pub fn release_log(conn: &mut Conn, org_id: &str, now: Time) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
    let unreleased = organizations::table.find(org_id).filter(organizations::log_removed_at.is_null());
    if diesel::update(unreleased).set(organizations::log_removed_at.eq(now)).execute(conn)? == 0 {
        return Ok(None);
    }
    let head = audit_heads::table.find(org_id).select((audit_heads::sequence, audit_heads::hash));
    let head = head.get_result(conn).optional()?;
    diesel::delete(audit_heads::table.find(org_id)).execute(conn)?;
    Ok(head)
}

/// Deletes at most `limit` of the entries of events of the instance that concern the members of an organization.
pub fn delete_member_events(conn: &mut Conn, org_id: &str, limit: i64) -> Result<usize, StoreError> {
    let statement = "DELETE FROM member_events WHERE org_id = $1 AND sequence IN (
        SELECT sequence FROM member_events WHERE org_id = $1 ORDER BY sequence LIMIT $2
    )";
    Ok(sql_query(statement).bind::<Text, _>(org_id).bind::<BigInt, _>(limit).execute(conn)?)
}

/// Deletes at most `limit` audit events of an organization with their personal values. Call [`release_log`] before.
pub fn delete_events(conn: &mut Conn, org_id: &str, limit: i64) -> Result<usize, StoreError> {
    let ids: Vec<String> = audit_events::table
        .filter(audit_events::chain.eq(org_id))
        .order(audit_events::sequence)
        .limit(limit)
        .select(audit_events::id)
        .load(conn)?;
    let of_events = person_values::event_id.eq_any(ids.iter().map(String::as_str));
    diesel::delete(person_values::table.filter(of_events)).execute(conn)?;
    let events = audit_events::table.filter(audit_events::id.eq_any(ids.iter().map(String::as_str)));
    Ok(diesel::delete(events).execute(conn)?)
}

/// Ends the removal of the audit events: nothing but ids and times is left of the organization.
pub fn forget(conn: &mut Conn, org_id: &str) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(org_id)).set(organizations::name.eq("")).execute(conn)?;
    Ok(())
}
