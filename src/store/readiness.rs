//! Database checks of the readiness endpoint.

use diesel::dsl::sql;
use diesel::prelude::*;

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{audit_events, audit_heads, readiness};
use super::work::Work;
use crate::domain::time::Time;

/// Reads the row of the table `readiness`.
pub fn check_read(conn: &mut Conn) -> Result<(), StoreError> {
    Ok(readiness::table.find(1).select(readiness::id).get_result::<i64>(conn).map(drop)?)
}

/// Updates the row of the table `readiness`. Its commit shows that writes succeed, and its time when the server last
/// ran.
pub fn probe(work: &mut Work<'_>) -> Result<(), StoreError> {
    let rows =
        diesel::update(readiness::table.find(1)).set(readiness::probed_at.eq(work.now)).execute(work.conn)?;
    if rows == 1 { Ok(()) } else { Err(StoreError::Failed("the table readiness has no row".to_owned())) }
}

/// The time of the database server; `None` for SQLite.
pub fn clock(conn: &mut Conn) -> Result<Option<Time>, StoreError> {
    match conn {
        Conn::Postgres(conn) => {
            Ok(Some(diesel::select(sql::<Moment>("clock_timestamp()")).get_result::<Time>(conn)?))
        }
        Conn::Sqlite(_) => Ok(None),
    }
}

/// The latest time stored in the database: of the last readiness probe, or of the last audit event if none was made;
/// `None` for a new database.
pub fn newest(conn: &mut Conn) -> Result<Option<Time>, StoreError> {
    let probed = readiness::table.find(1).select(readiness::probed_at).get_result::<Time>(conn).optional()?;
    // The migration writes the epoch.
    if let Some(probed) = probed.filter(|probed| *probed > Time::epoch()) {
        return Ok(Some(probed));
    }
    // Only the head of each chain, because no index on audit events starts with the time.
    let of_chain =
        audit_events::chain.eq(audit_heads::chain).and(audit_events::sequence.eq(audit_heads::sequence));
    let ends = audit_heads::table.inner_join(audit_events::table.on(of_chain)).select(audit_events::at);
    Ok(ends.order(audit_events::at.desc()).first(conn).optional()?)
}
