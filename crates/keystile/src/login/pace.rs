//! The interval between polls.

use std::time::Duration;

/// The interval between two polls. It never shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    interval: Duration,
    /// Added by each `slow_down`.
    step: Duration,
    /// Upper limit of the backoff after errors.
    longest: Duration,
}

impl Pace {
    pub(super) fn of(interval: Duration) -> Self {
        Self { interval, step: Duration::from_secs(5), longest: Duration::from_secs(60) }
    }

    /// Scaled down, for tests.
    #[cfg(test)]
    pub(super) fn hurried(unit: Duration) -> Self {
        Self { interval: unit, step: unit * 5, longest: unit * 60 }
    }

    pub(super) fn interval(self) -> Duration {
        self.interval
    }

    /// The server answered `slow_down`.
    pub(super) fn slow_down(&mut self) {
        self.interval += self.step;
    }

    /// The server failed or was unreachable.
    pub(super) fn back_off(&mut self, retry_after: Option<Duration>) {
        let wanted = (self.interval * 2).max(retry_after.unwrap_or_default()).min(self.longest);
        self.interval = self.interval.max(wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(pace: Pace) -> u64 {
        pace.interval().as_secs()
    }

    #[test]
    fn slow_down_adds_five_seconds_each_time() {
        let mut pace = Pace::of(Duration::from_secs(5));
        pace.slow_down();
        assert_eq!(seconds(pace), 10);
        pace.slow_down();
        assert_eq!(seconds(pace), 15);
    }

    #[test]
    fn errors_double_the_interval_up_to_a_minute() {
        let mut pace = Pace::of(Duration::from_secs(5));
        let waits: Vec<_> = (0..5)
            .map(|_| {
                pace.back_off(None);
                seconds(pace)
            })
            .collect();
        assert_eq!(waits, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn retry_after_lengthens_the_interval_which_never_shrinks() {
        let mut pace = Pace::of(Duration::from_secs(5));
        pace.back_off(Some(Duration::from_secs(30)));
        assert_eq!(seconds(pace), 30);
        let mut slow = Pace::of(Duration::from_secs(80));
        slow.back_off(None);
        assert_eq!(seconds(slow), 80);
    }
}
