//! Names of organizations in URLs, current and former. The primary key decides who gets a name.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{organization_names, organizations};
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::time::Time;

/// The id of the organization that has or had this name; `None` if it is free for everybody, which a former name is from
/// `free_since` on.
pub fn holder(conn: &mut Conn, slug: &str, free_since: Time) -> Result<Option<String>, StoreError> {
    let kept = organization_names::retired_at.is_null().or(organization_names::retired_at.gt(free_since));
    Ok(organization_names::table
        .find(slug)
        .filter(kept)
        .select(organization_names::org_id)
        .get_result(conn)
        .optional()?)
}

/// The id of the organization of which this is a former name, retired after `since`.
pub fn led_on(conn: &mut Conn, slug: &str, since: Time) -> Result<Option<String>, StoreError> {
    Ok(organization_names::table
        .find(slug)
        .filter(organization_names::retired_at.gt(since))
        .select(organization_names::org_id)
        .get_result(conn)
        .optional()?)
}

/// Number of former names of an organization that others cannot take.
pub fn count_former(conn: &mut Conn, org_id: &str, free_since: Time) -> Result<i64, StoreError> {
    Ok(organization_names::table
        .filter(organization_names::org_id.eq(org_id).and(organization_names::retired_at.gt(free_since)))
        .count()
        .get_result(conn)?)
}

/// Removes a former name that is free, so that it can be inserted again.
pub fn release(conn: &mut Conn, slug: &str, free_since: Time) -> Result<(), StoreError> {
    let free = organization_names::table.find(slug).filter(organization_names::retired_at.le(free_since));
    diesel::delete(free).execute(conn)?;
    Ok(())
}

/// Gives an organization another name, which may be a former one of its own, and retires the current one.
/// `StoreError::Conflict` if another organization has or had it.
pub fn change(conn: &mut Conn, org_id: &str, from: &str, to: &str, at: Time) -> Result<(), StoreError> {
    diesel::delete(organization_names::table.find(to).filter(organization_names::org_id.eq(org_id)))
        .execute(conn)?;
    diesel::insert_into(organization_names::table)
        .values((organization_names::slug.eq(to), organization_names::org_id.eq(org_id)))
        .execute(conn)?;
    retire(conn, from, at)?;
    diesel::update(organizations::table.find(org_id)).set(organizations::slug.eq(to)).execute(conn)?;
    Ok(())
}

/// Makes a name a former one.
pub fn retire(conn: &mut Conn, slug: &str, at: Time) -> Result<(), StoreError> {
    diesel::update(organization_names::table.find(slug))
        .set(organization_names::retired_at.eq(at))
        .execute(conn)?;
    Ok(())
}

/// Deletes former names that are free.
pub fn delete_free(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    const RETIRED: Ending = Ending {
        table: "organization_names",
        column: "retired_at",
        condition: Some("retired_at IS NOT NULL"),
    };
    RETIRED.delete(conn, span)
}
