//! Counters shared by all nodes.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::{Locked, Native};
use super::engine::schema::counters;
use crate::domain::counter::Counter;

/// Adds one, atomically.
pub fn increment(conn: &mut Conn, counter: Counter) -> Result<(), StoreError> {
    let statement = diesel::insert_into(counters::table)
        .values((counters::name.eq(counter.as_str()), counters::value.eq(1_i64)))
        .on_conflict(counters::name)
        .do_update()
        .set(counters::value.eq(counters::value + 1));
    Native(statement).execute(conn)?;
    Ok(())
}

/// Reads a counter and resets it to 0.
pub fn take(conn: &mut Conn, counter: Counter) -> Result<i64, StoreError> {
    let row = counters::table.find(counter.as_str()).select(counters::value);
    let found: Option<i64> = Locked(row).get_result(conn).optional()?;
    let count = found.unwrap_or_default();
    if count > 0 {
        diesel::update(counters::table.find(counter.as_str()))
            .set(counters::value.eq(0_i64))
            .execute(conn)?;
    }
    Ok(count)
}

pub fn value(conn: &mut Conn, counter: Counter) -> Result<i64, StoreError> {
    let found = counters::table.find(counter.as_str()).select(counters::value).get_result(conn).optional()?;
    Ok(found.unwrap_or_default())
}
