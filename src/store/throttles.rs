//! Failed tries, by what they are counted for.

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::query::Native;
use super::schema::throttles;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = throttles)]
pub struct Throttle {
    pub key: Digest,
    pub failures: i64,
    pub updated_at: Time,
}

pub fn find(conn: &mut Conn, key: Digest) -> Result<Option<Throttle>, StoreError> {
    Ok(throttles::table.find(key).select(Throttle::as_select()).get_result(conn).optional()?)
}

/// Counts a failure. Two at the same moment count as two.
pub fn count(conn: &mut Conn, key: Digest, at: Time) -> Result<(), StoreError> {
    let statement = diesel::insert_into(throttles::table)
        .values((throttles::key.eq(key), throttles::failures.eq(1_i64), throttles::updated_at.eq(at)))
        .on_conflict(throttles::key)
        .do_update()
        .set((throttles::failures.eq(throttles::failures + 1), throttles::updated_at.eq(at)));
    Native(statement).execute(conn)?;
    Ok(())
}

pub fn clear(conn: &mut Conn, key: Digest) -> Result<(), StoreError> {
    diesel::delete(throttles::table.find(key)).execute(conn)?;
    Ok(())
}

pub fn delete_stale(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "throttles", column: "updated_at", condition: None }.delete(conn, span)
}
