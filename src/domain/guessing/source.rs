//! Password attempts of one network or one known device at one account.

use chrono::TimeDelta;

use crate::domain::time::Time;

/// Units available at once.
const BURST: i64 = 10;
/// Time to refill one unit, and the longest wait between two attempts.
const REFILL: TimeDelta = TimeDelta::minutes(15);
/// Time without a wrong attempt after which a source is quiet.
pub const MEMORY: TimeDelta = TimeDelta::hours(24);
/// Maximum clock difference between nodes. A timestamp further ahead is from before the clock was set back.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);

/// State of a source. A quiet source is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Wrong attempts, including those being verified, since the source was last quiet.
    pub wrong: i64,
    /// When all units will be available again.
    pub settled_at: Time,
    pub last_at: Time,
}

impl Source {
    /// `None` if the source is quiet.
    pub(super) fn still_counts(self, now: Time) -> Option<Self> {
        let age = now - self.last_at;
        (self.wrong > 0 && age < MEMORY && age > -CLOCKS_DIFFER).then_some(self)
    }

    /// Whole seconds until the next attempt; `None` while units are left, then 1 s, 2 s, 4 s up to [`REFILL`].
    pub(super) fn wait(self, now: Time) -> Option<i64> {
        let beyond = u32::try_from(self.used(now) - BURST).ok()?;
        let delay = TimeDelta::seconds(1_i64 << beyond.min(20)).min(REFILL);
        let left = delay - (now - self.last_at).max(TimeDelta::zero());
        (left > TimeDelta::zero()).then(|| (left.num_milliseconds() + 999) / 1000)
    }

    /// Units that are not refilled yet.
    fn used(self, now: Time) -> i64 {
        let ahead = (self.settled_at - now).num_milliseconds().max(0);
        let refill = REFILL.num_milliseconds();
        (ahead + refill - 1) / refill
    }

    /// The source after taking a unit.
    pub(super) fn after(before: Option<Self>, now: Time) -> Self {
        let settled_at = before.map_or(now, |before| before.settled_at.max(now)) + REFILL;
        let last_at = before.map_or(now, |before| before.last_at.max(now));
        Self { wrong: before.map_or(0, |before| before.wrong) + 1, settled_at, last_at }
    }

    /// The source after returning a unit that was taken at `taken_at`; `last_before` is the time of the attempt before
    /// that. `None` if nothing is left to store.
    pub(super) fn returned(self, taken_at: Time, last_before: Option<Time>) -> Option<Self> {
        let last_at = match last_before {
            Some(before) if self.last_at == taken_at => before,
            Some(_) | None => self.last_at,
        };
        let returned = Self { wrong: self.wrong - 1, settled_at: self.settled_at - REFILL, last_at };
        (returned.wrong > 0).then_some(returned)
    }
}
