//! What may happen only so often.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Native;
use super::engine::schema::rates;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// When all that happened so far is forgotten. Others who count for the same key wait until the transaction ends.
pub fn lock(conn: &mut Conn, key: Digest, now: Time) -> Result<Time, StoreError> {
    // One statement, because a row that is settled may be swept away between two.
    let row = diesel::insert_into(rates::table)
        .values((rates::key.eq(key), rates::settled_at.eq(now)))
        .on_conflict(rates::key)
        .do_update()
        .set(rates::settled_at.eq(rates::settled_at))
        .returning(rates::settled_at);
    Ok(Native(row).get_result(conn)?)
}

pub fn set(conn: &mut Conn, key: Digest, settled_at: Time) -> Result<(), StoreError> {
    diesel::update(rates::table.find(key)).set(rates::settled_at.eq(settled_at)).execute(conn)?;
    Ok(())
}

pub fn delete_settled(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "rates", column: "settled_at", condition: None }.delete(conn, span)
}
