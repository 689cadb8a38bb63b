//! Deletes requests, browser sessions and counts of failures that nobody can use any more.

use chrono::TimeDelta;

use crate::store::{
    StoreError, Work, authorization_requests, device_requests, idempotency_records, rates, throttles,
    web_sessions,
};

/// How long a request with a code stays: a code that is used again later still ends the session it made.
const CODES_KEPT: TimeDelta = TimeDelta::hours(24);
/// How long any other request stays after its end, for the page that says so.
const REQUESTS_KEPT: TimeDelta = TimeDelta::minutes(30);
const FAILURES_KEPT: TimeDelta = TimeDelta::hours(2);

/// One round; every node may make it at any time.
pub fn sweep(work: &mut Work<'_>) -> Result<usize, StoreError> {
    let now = work.now;
    Ok(authorization_requests::delete_expired(work.conn, now - CODES_KEPT)?
        + authorization_requests::delete_without_code(work.conn, now - REQUESTS_KEPT)?
        + device_requests::delete_expired(work.conn, now - REQUESTS_KEPT)?
        + idempotency_records::delete_expired(work.conn, now)?
        + rates::delete_settled(work.conn, now)?
        + web_sessions::delete_ended(work.conn, now)?
        + throttles::delete_stale(work.conn, now - FAILURES_KEPT)?)
}
