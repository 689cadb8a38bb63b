//! What readiness asks the database.

use diesel::dsl::sql;
use diesel::prelude::*;

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{audit_events, audit_heads, readiness};
use super::work::Work;
use crate::domain::time::Time;

/// Reads the one row that there is for this.
pub fn check_read(conn: &mut Conn) -> Result<(), StoreError> {
    Ok(readiness::table.find(1).select(readiness::id).get_result::<i64>(conn).map(drop)?)
}

/// Writes the one row that there is for this, so that its commit shows whether a write succeeds, and its time when the
/// server ran last.
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

/// The newest time that the database holds: that of the last probe, or of the last audit event where nothing was probed
/// yet; `None` for a new database.
pub fn newest(conn: &mut Conn) -> Result<Option<Time>, StoreError> {
    let probed = readiness::table.find(1).select(readiness::probed_at).get_result::<Time>(conn).optional()?;
    // The migration writes the epoch.
    if let Some(probed) = probed.filter(|probed| *probed > Time::epoch()) {
        return Ok(Some(probed));
    }
    // Only the end of each chain, because audit events have no index on their time alone.
    let of_chain =
        audit_events::chain.eq(audit_heads::chain).and(audit_events::sequence.eq(audit_heads::sequence));
    let ends = audit_heads::table.inner_join(audit_events::table.on(of_chain)).select(audit_events::at);
    Ok(ends.order(audit_events::at.desc()).first(conn).optional()?)
}
