//! Rate limiting by the generic cell rate algorithm (GCRA): a burst, then evenly spaced.
//!
//! The state is one timestamp, the theoretical arrival time (TAT); parameters call it `settled_at`.

use chrono::TimeDelta;

use super::time::Time;

/// A rate: `times` per `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    times: i32,
    window: TimeDelta,
}

impl Rate {
    /// `times` below 1 counts as 1.
    pub const fn new(times: i32, window: TimeDelta) -> Self {
        Self { times: if times < 1 { 1 } else { times }, window }
    }

    /// Whole seconds until the next request is allowed; `None` if one is allowed now.
    pub fn wait(self, settled_at: Option<Time>, now: Time) -> Option<i64> {
        let early = self.debt(settled_at, now) + self.cost() - self.window;
        (early > TimeDelta::zero()).then(|| whole_seconds(early))
    }

    /// The new TAT after one more request.
    pub fn spend(self, settled_at: Option<Time>, now: Time) -> Time {
        now + self.debt(settled_at, now) + self.cost()
    }

    /// Requests allowed now.
    pub fn remaining(self, settled_at: Option<Time>, now: Time) -> i32 {
        let left = self.window - self.debt(settled_at, now);
        let cost = self.cost().num_microseconds().unwrap_or(i64::MAX).max(1);
        let times = left.num_microseconds().unwrap_or(i64::MAX) / cost;
        i32::try_from(times).unwrap_or(self.times).min(self.times)
    }

    /// Whole seconds until the full burst is available again.
    pub fn settles_in(self, settled_at: Option<Time>, now: Time) -> i64 {
        whole_seconds(self.debt(settled_at, now))
    }

    /// How far the TAT is ahead of now, at most one window. If it is far more than that, it was stored before the clock
    /// was set back, and is ignored; if slightly more, the clocks of two nodes differ.
    fn debt(self, settled_at: Option<Time>, now: Time) -> TimeDelta {
        let ahead = settled_at.map_or(TimeDelta::zero(), |at| at - now);
        if ahead > self.window * 2 { TimeDelta::zero() } else { ahead.clamp(TimeDelta::zero(), self.window) }
    }

    fn cost(self) -> TimeDelta {
        self.window / self.times
    }
}

/// Rounded up, so that waiting this long is enough.
fn whole_seconds(time: TimeDelta) -> i64 {
    time.num_seconds() + i64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_requests_are_spaced_evenly() {
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
