//! Recovery after a restore from an older copy: for a limited time, sessions advance to the generation of the
//! refresh token that their client presents.

use chrono::TimeDelta;

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::counter::Counter;
use crate::domain::time::Time;
use crate::store::recovery::{self as row, Recovery};
use crate::store::{Conn, StoreError, Work, counters};

/// Default length of a recovery.
pub const DEFAULT_LENGTH: TimeDelta = TimeDelta::hours(24);
/// Maximum length: while a recovery is open, tokens from a forgotten copy of the deployment are accepted.
pub const MAX_LENGTH: TimeDelta = TimeDelta::days(7);

/// Opens a recovery, or changes the end of the open one.
pub fn open(work: &mut Work<'_>, length: TimeDelta, actor: &Actor) -> Result<Time, StoreError> {
    let ends_at = work.now + length;
    row::end_at(work.conn, ends_at, work.now)?;
    let event = Event::new(Action::RecoveryOpened, actor.clone(), &Origin::default());
    work.record(event.detail("ends_at", ends_at));
    Ok(ends_at)
}

/// Closes the recovery; `false` if none is open.
pub fn close(work: &mut Work<'_>, actor: &Actor) -> Result<bool, StoreError> {
    if !row::is_open(work.conn, work.now)? {
        return Ok(false);
    }
    row::end_at(work.conn, work.now, work.now)?;
    work.record(Event::new(Action::RecoveryClosed, actor.clone(), &Origin::default()));
    Ok(true)
}

/// The last recovery, and counters since the deployment was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    pub last: Option<Recovery>,
    /// Sessions that advanced to the presented generation.
    pub forwarded: i64,
    /// Sessions that ended because no recovery was open.
    pub ended: i64,
}

pub fn status(conn: &mut Conn) -> Result<Status, StoreError> {
    Ok(Status {
        last: row::last(conn)?,
        forwarded: counters::value(conn, Counter::SessionsAheadForwarded)?,
        ended: counters::value(conn, Counter::SessionsAheadEnded)?,
    })
}
