//! What readiness asks the database.

use diesel::dsl::sql;
use diesel::prelude::*;

use super::engine::codec::Moment;
use super::engine::conn::{Conn, Place};
use super::engine::error::StoreError;
use super::engine::schema::readiness;
use super::work::Work;
use crate::domain::time::Time;

/// Reads the one row that there is for this.
pub fn look(conn: &mut Conn) -> Result<(), StoreError> {
    Ok(readiness::table.find(1).select(readiness::id).get_result::<i64>(conn).map(drop)?)
}

/// Writes the one row that there is for this, so that its commit shows whether a write succeeds.
pub fn probe(work: &mut Work<'_>) -> Result<(), StoreError> {
    let rows =
        diesel::update(readiness::table.find(1)).set(readiness::probed_at.eq(work.now)).execute(work.conn)?;
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Failed("the table readiness has lost its row".to_owned()))
    }
}

/// What the clock of the database says; `None` for SQLite, which has none of its own.
pub fn clock(conn: &mut Conn) -> Result<Option<Time>, StoreError> {
    match conn {
        Conn::Postgres(conn) => {
            Ok(Some(diesel::select(sql::<Moment>("clock_timestamp()")).get_result::<Time>(conn)?))
        }
        Conn::Sqlite(_) => Ok(None),
    }
}

/// The same on a connection of its own.
pub fn clock_at(place: &Place) -> Result<Option<Time>, StoreError> {
    clock(&mut place.open()?)
}
