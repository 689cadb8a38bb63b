//! State of rate limits (GCRA).

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Native;
use super::engine::schema::rates;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// Reads the theoretical arrival time (TAT) of a key and locks it until the end of the transaction. Inserts `now` if
/// there is none.
pub fn lock(conn: &mut Conn, key: Digest, now: Time) -> Result<Time, StoreError> {
    // One statement, because the sweep may delete a settled row between two.
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
