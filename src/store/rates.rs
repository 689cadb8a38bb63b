//! What may happen only so often.

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::query::{Locked, Native};
use super::schema::rates;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// When all that happened so far is forgotten. Others who count for the same key wait until the transaction ends.
pub fn lock(conn: &mut Conn, key: Digest, now: Time) -> Result<Time, StoreError> {
    let missing = diesel::insert_into(rates::table)
        .values((rates::key.eq(key), rates::settled_at.eq(now)))
        .on_conflict(rates::key)
        .do_nothing();
    Native(missing).execute(conn)?;
    Ok(Locked(rates::table.find(key).select(rates::settled_at)).get_result(conn)?)
}

pub fn set(conn: &mut Conn, key: Digest, settled_at: Time) -> Result<(), StoreError> {
    diesel::update(rates::table.find(key)).set(rates::settled_at.eq(settled_at)).execute(conn)?;
    Ok(())
}

pub fn delete_settled(conn: &mut Conn, before: Time) -> Result<usize, StoreError> {
    Ok(diesel::delete(rates::table.filter(rates::settled_at.lt(before))).execute(conn)?)
}
