//! Deletes what nobody can use any more, so that no table grows without end.

use chrono::TimeDelta;

use crate::store::{StoreError, Work, authorization_requests, throttles, web_sessions};

/// How long an answered or expired request stays: a code that is used again later still ends the session it made.
const REQUESTS_KEPT: TimeDelta = TimeDelta::hours(24);
const FAILURES_KEPT: TimeDelta = TimeDelta::hours(2);

/// One round; every node may make it at any time.
pub fn sweep(work: &mut Work<'_>) -> Result<usize, StoreError> {
    let now = work.now;
    Ok(authorization_requests::delete_expired(work.conn, now - REQUESTS_KEPT)?
        + web_sessions::delete_ended(work.conn, now)?
        + throttles::delete_stale(work.conn, now - FAILURES_KEPT)?)
}
