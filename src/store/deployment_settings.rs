//! Deployment settings: named values that all nodes share (table `facts`).

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::{Locked, Native};
use super::engine::schema::facts;
use crate::domain::time::Time;

/// The value of a setting and when it was last set.
pub fn find(conn: &mut Conn, name: &str) -> Result<Option<(String, Time)>, StoreError> {
    Ok(facts::table.find(name).select((facts::value, facts::updated_at)).get_result(conn).optional()?)
}

/// Locks a setting until the end of the transaction.
pub fn lock(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    Locked(facts::table.find(name).select(facts::name)).get_result::<String>(conn).optional()?;
    Ok(())
}

pub fn set(conn: &mut Conn, name: &str, value: &str, at: Time) -> Result<(), StoreError> {
    let statement = diesel::insert_into(facts::table)
        .values((facts::name.eq(name), facts::value.eq(value), facts::updated_at.eq(at)))
        .on_conflict(facts::name)
        .do_update()
        .set((facts::value.eq(value), facts::updated_at.eq(at)));
    Native(statement).execute(conn)?;
    Ok(())
}

/// Sets a setting that is not set yet; `false` if it is set.
pub fn claim(conn: &mut Conn, name: &str, value: &str, at: Time) -> Result<bool, StoreError> {
    let statement = diesel::insert_into(facts::table)
        .values((facts::name.eq(name), facts::value.eq(value), facts::updated_at.eq(at)))
        .on_conflict(facts::name)
        .do_nothing();
    Ok(Native(statement).execute(conn)? == 1)
}

/// Sets a setting that is not set or was last set at `before` or earlier; otherwise `false`. If several nodes try at once,
/// one succeeds.
pub fn renew(conn: &mut Conn, name: &str, value: &str, at: Time, before: Time) -> Result<bool, StoreError> {
    if claim(conn, name, value, at)? {
        return Ok(true);
    }
    let old = facts::table.find(name).filter(facts::updated_at.le(before));
    let updated =
        diesel::update(old).set((facts::value.eq(value), facts::updated_at.eq(at))).execute(conn)?;
    Ok(updated == 1)
}
