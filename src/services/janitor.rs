//! Deletes requests, browser sessions and counts of failures that nobody can use any more.

use chrono::TimeDelta;

use crate::config::Audit;
use crate::store::{
    StoreError, Work, authorization_requests, device_requests, idempotency_records, rates, throttles, usage,
    uses, web_sessions,
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

/// Uses and counts that go in one transaction, so that nobody waits long for it.
const USES_AT_ONCE: usize = 1000;

/// Deletes some of the uses and counts that have been kept long enough; nothing to delete means that none are left.
pub fn sweep_uses(work: &mut Work<'_>, keep: Audit) -> Result<usize, StoreError> {
    let uses = uses::delete_before(work.conn, work.now - keep.keep_uses, USES_AT_ONCE)?;
    if uses >= USES_AT_ONCE {
        return Ok(uses);
    }
    Ok(uses + usage::delete_before(work.conn, &(work.now - keep.keep_usage).day(), USES_AT_ONCE - uses)?)
}
