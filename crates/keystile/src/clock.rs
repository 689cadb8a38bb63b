//! Time as a parameter.

use chrono::{DateTime, Utc};

/// The wall clock: what expires is compared with it.
pub trait Clock: Send + Sync {
    /// The current time in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The system clock.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place of the client that reads the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
