//! What is counted on all nodes together.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Native;
use super::engine::schema::counters;
use crate::domain::counter::Counter;

/// Adds one. Two at the same moment count as two.
pub fn increment(conn: &mut Conn, counter: Counter) -> Result<(), StoreError> {
    let statement = diesel::insert_into(counters::table)
        .values((counters::name.eq(counter.as_str()), counters::value.eq(1_i64)))
        .on_conflict(counters::name)
        .do_update()
        .set(counters::value.eq(counters::value + 1));
    Native(statement).execute(conn)?;
    Ok(())
}

pub fn value(conn: &mut Conn, counter: Counter) -> Result<i64, StoreError> {
    let found = counters::table.find(counter.as_str()).select(counters::value).get_result(conn).optional()?;
    Ok(found.unwrap_or_default())
}
