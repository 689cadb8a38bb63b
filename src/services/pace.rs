//! The size of the steps in which rows are deleted.

use std::time::{Duration, Instant};

/// Number of rows that the next step deletes.
#[derive(Debug)]
pub struct Pace {
    limit: i64,
}

impl Pace {
    const MIN_STEP: i64 = 25;
    const MAX_STEP: i64 = 2000;
    /// A step that took longer, commit included, makes the next one smaller. On SQLite other writes wait for
    /// a step, and for several if the disk or a checkpoint is slow; their wait should stay below 50 ms.
    const LONG: Duration = Duration::from_millis(10);
    const SHORT: Duration = Duration::from_millis(4);

    /// The number of rows of the next step.
    pub fn limit(&self) -> i64 {
        self.limit
    }

    /// Waits after a step for as long as the step took, and decides about the next one. `begun` is the time inside of its
    /// transaction: before that it waited for other writes, and from then on they wait for it.
    pub async fn rest(&mut self, begun: Instant) {
        let took = begun.elapsed();
        self.adapt(took);
        tokio::time::sleep(took).await;
    }

    /// Decides about the next step after one that took this long.
    fn adapt(&mut self, took: Duration) {
        let limit = if took > Self::LONG {
            self.limit / 2
        } else if took < Self::SHORT {
            self.limit * 2
        } else {
            self.limit
        };
        self.limit = limit.clamp(Self::MIN_STEP, Self::MAX_STEP);
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { limit: 200 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_step_makes_the_next_one_smaller_and_a_fast_one_larger() {
        let mut pace = Pace::default();
        let limits = [1, 1, 1, 1, 1, 7, 50, 50, 50, 50, 50, 50, 50].map(|milliseconds| {
            pace.adapt(Duration::from_millis(milliseconds));
            pace.limit
        });
        assert_eq!(limits, [400, 800, 1600, 2000, 2000, 2000, 1000, 500, 250, 125, 62, 31, 25]);
    }
}
