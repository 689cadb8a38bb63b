//! How often something may happen: a burst, and then evenly (the generic cell rate algorithm).
//!
//! All that has to be kept for it is one moment, at which everything that happened so far is forgotten.

use chrono::TimeDelta;

use super::time::Time;

/// So many times within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    times: i32,
    window: TimeDelta,
}

impl Rate {
    /// At least once, whatever `times` says.
    pub const fn new(times: i32, window: TimeDelta) -> Self {
        Self { times: if times < 1 { 1 } else { times }, window }
    }

    /// Whole seconds until it may happen again, if it may not happen now.
    pub fn wait(self, settled_at: Option<Time>, now: Time) -> Option<i64> {
        let early = self.debt(settled_at, now) + self.cost() - self.window;
        (early > TimeDelta::zero()).then(|| whole_seconds(early))
    }

    /// What to keep after it has happened once more.
    pub fn spend(self, settled_at: Option<Time>, now: Time) -> Time {
        now + self.debt(settled_at, now) + self.cost()
    }

    /// How many times more it may happen now.
    pub fn remaining(self, settled_at: Option<Time>, now: Time) -> i32 {
        let left = self.window - self.debt(settled_at, now);
        let cost = self.cost().num_microseconds().unwrap_or(i64::MAX).max(1);
        let times = left.num_microseconds().unwrap_or(i64::MAX) / cost;
        i32::try_from(times).unwrap_or(self.times).min(self.times)
    }

    /// Whole seconds until all that happened is forgotten.
    pub fn settles_in(self, settled_at: Option<Time>, now: Time) -> i64 {
        whole_seconds(self.debt(settled_at, now))
    }

    /// Nothing settles later than one window from now. What seems to by far was written before the clock was set back,
    /// and is forgotten; by a little, the clocks of two nodes differ.
    fn debt(self, settled_at: Option<Time>, now: Time) -> TimeDelta {
        let ahead = settled_at.map_or(TimeDelta::zero(), |at| at - now);
        if ahead > self.window * 2 { TimeDelta::zero() } else { ahead.clamp(TimeDelta::zero(), self.window) }
    }

    fn cost(self) -> TimeDelta {
        self.window / self.times
    }
}

/// Rounded up: whoever waits that long has waited long enough.
fn whole_seconds(time: TimeDelta) -> i64 {
    time.num_seconds() + i64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_it_goes_on_evenly() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        let rate = Rate::new(10, TimeDelta::minutes(15));
        let mut settled = None;
        for _ in 0..10 {
            assert_eq!(rate.wait(settled, at(0)), None);
            settled = Some(rate.spend(settled, at(0)));
        }
        assert_eq!(rate.wait(settled, at(0)), Some(90));
        assert_eq!((rate.remaining(settled, at(0)), rate.settles_in(settled, at(0))), (0, 900));
        assert_eq!((rate.remaining(settled, at(90)), rate.settles_in(settled, at(90))), (1, 810));
        assert_eq!((rate.remaining(None, at(0)), rate.settles_in(None, at(0))), (10, 0));
        assert_eq!(rate.wait(settled, at(89)), Some(1));
        let almost = Time::from_micros(90_000_000 - 400).unwrap();
        assert_eq!(rate.wait(settled, almost), Some(1), "rounded up");
        assert_eq!(rate.wait(settled, at(90)), None);
        settled = Some(rate.spend(settled, at(90)));
        assert_eq!(rate.wait(settled, at(91)), Some(89));
        assert_eq!(rate.wait(settled, at(91 + 900)), None);
        assert_eq!(rate.wait(Some(at(901)), at(0)), Some(90), "a node whose clock is ahead");
        assert_eq!(rate.wait(Some(at(1_000_000)), at(0)), None, "a clock that was set back");
    }
}
