//! Links with which users join an organization without an invitation.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Locked;
use super::engine::schema::join_links;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = join_links)]
pub struct JoinLink {
    pub id: String,
    pub org_id: String,
    pub role: String,
    /// Domains of the addresses that may join, separated by spaces. Empty: any.
    pub domains: String,
    pub token_hash: Digest,
    /// User id.
    pub created_by: String,
    pub created_at: Time,
    /// Moved to the time at which it was ended, if it was.
    pub ends_at: Time,
    pub max_uses: i64,
    pub uses: i64,
}

pub fn insert(conn: &mut Conn, link: &JoinLink) -> Result<(), StoreError> {
    diesel::insert_into(join_links::table).values(link).execute(conn)?;
    Ok(())
}

pub fn find_by_token(conn: &mut Conn, token: Digest) -> Result<Option<JoinLink>, StoreError> {
    let query = join_links::table.filter(join_links::token_hash.eq(token)).select(JoinLink::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// Reads a link and locks it until the end of the transaction. Lock its organization first.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<JoinLink>, StoreError> {
    let query = join_links::table.find(id).select(JoinLink::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// The links of an organization that have not ended, the first to end first.
pub fn open(conn: &mut Conn, org_id: &str, now: Time, limit: i64) -> Result<Vec<JoinLink>, StoreError> {
    Ok(join_links::table
        .filter(join_links::org_id.eq(org_id).and(join_links::ends_at.gt(now)))
        .order((join_links::ends_at, join_links::id))
        .limit(limit)
        .select(JoinLink::as_select())
        .load(conn)?)
}

/// Counts a use; `false` if the link has ended or no use is left.
pub fn count_use(conn: &mut Conn, id: &str, now: Time) -> Result<bool, StoreError> {
    let usable = join_links::table
        .find(id)
        .filter(join_links::ends_at.gt(now).and(join_links::uses.lt(join_links::max_uses)));
    let changed = diesel::update(usable).set(join_links::uses.eq(join_links::uses + 1)).execute(conn)?;
    Ok(changed == 1)
}

/// Ends a link; `false` if it had ended.
pub fn end(conn: &mut Conn, id: &str, now: Time) -> Result<bool, StoreError> {
    let open = join_links::table.find(id).filter(join_links::ends_at.gt(now));
    Ok(diesel::update(open).set(join_links::ends_at.eq(now)).execute(conn)? == 1)
}

/// Ends the open links of an organization and returns their ids.
pub fn end_of_organization(conn: &mut Conn, org_id: &str, now: Time) -> Result<Vec<String>, StoreError> {
    let open = join_links::table.filter(join_links::org_id.eq(org_id).and(join_links::ends_at.gt(now)));
    Ok(diesel::update(open).set(join_links::ends_at.eq(now)).returning(join_links::id).get_results(conn)?)
}

/// Ends the open links of a user in an organization, except those for the roles `kept`, and returns their ids.
pub fn end_of_creator(
    conn: &mut Conn,
    org_id: &str,
    user_id: &str,
    kept: &[&str],
    now: Time,
) -> Result<Vec<String>, StoreError> {
    let open = join_links::table
        .filter(join_links::created_by.eq(user_id).and(join_links::org_id.eq(org_id)))
        .filter(join_links::role.ne_all(kept.iter().copied()))
        .filter(join_links::ends_at.gt(now));
    Ok(diesel::update(open).set(join_links::ends_at.eq(now)).returning(join_links::id).get_results(conn)?)
}

/// Deletes links that ended within the span.
pub fn delete_ended(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    const ENDED: Ending = Ending { table: "join_links", column: "ends_at", condition: None };
    ENDED.delete(conn, span)
}
