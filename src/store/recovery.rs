//! Recovery after the restore of a backup: while it is open, sessions advance to the generation that their tools hold.

use super::deployment_settings;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use crate::domain::time::Time;

/// Fact that holds the end of the recovery, in microseconds since 1970.
const ENDS_AT: &str = "recovery_ends_at";

/// The latest recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovery {
    pub ends_at: Time,
}

impl Recovery {
    pub fn is_open(&self, now: Time) -> bool {
        now < self.ends_at
    }
}

/// The latest recovery, open or closed; `None` if there never was one.
pub fn last(conn: &mut Conn) -> Result<Option<Recovery>, StoreError> {
    let Some((value, _)) = deployment_settings::find(conn, ENDS_AT)? else { return Ok(None) };
    let ends_at = value.parse().ok().and_then(Time::from_micros);
    let ends_at = ends_at.ok_or_else(|| {
        StoreError::Failed(format!("the deployment setting {ENDS_AT} is not a timestamp: {value}"))
    })?;
    Ok(Some(Recovery { ends_at }))
}

pub fn is_open(conn: &mut Conn, now: Time) -> Result<bool, StoreError> {
    Ok(last(conn)?.is_some_and(|recovery| recovery.is_open(now)))
}

/// Opens a recovery, or changes the end of the open one. An end at or before `now` closes it.
pub fn end_at(conn: &mut Conn, ends_at: Time, now: Time) -> Result<(), StoreError> {
    deployment_settings::set(conn, ENDS_AT, &ends_at.micros().to_string(), now)
}
