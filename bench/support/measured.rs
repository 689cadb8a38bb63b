//! Figures of one load.

use std::time::{Duration, Instant};

/// One request that was answered with 200 within the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// When it was due, since the load began.
    pub(crate) due: Duration,
    pub(crate) took: Duration,
}

/// How requests ended, warm-up included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// With 200.
    pub(crate) accepted: usize,
    /// With 503 and a `Retry-After`.
    pub(crate) refused: usize,
    /// With anything else, or with a broken connection.
    pub(crate) failed: usize,
    /// Not sent: their connection still waited for the answer to the one before.
    pub(crate) skipped: usize,
}

/// What a load measured.
pub(crate) struct Measured {
    /// Sorted by `took`.
    pub(crate) samples: Vec<Sample>,
    pub(crate) counts: Counts,
    /// The window that counts.
    pub(crate) window: Duration,
    /// When the load began, and when that window ended.
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// Processor time of the server, warm-up included.
    pub(crate) server: Duration,
    /// And of the client.
    pub(crate) client: Duration,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        real(self.samples.len()) / self.window.as_secs_f64()
    }

    /// The time within which this share of the accepted requests was answered.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        percentile(&self.samples, share).unwrap_or_default()
    }

    /// Processor time of the server for each request.
    pub(crate) fn server_each(&self) -> Duration {
        self.each(self.server)
    }

    /// Processor time of the client for each request.
    pub(crate) fn client_each(&self) -> Duration {
        self.each(self.client)
    }

    fn each(&self, time: Duration) -> Duration {
        let Counts { accepted, refused, failed, skipped: _ } = self.counts;
        time.div_f64(real((accepted + refused + failed).max(1)))
    }
}

/// The same of any samples that are sorted by `took`; `None` if there are none.
pub(crate) fn percentile(samples: &[Sample], share: f64) -> Option<Duration> {
    let below = |n: &usize| real(*n) < real(samples.len()) * share;
    let rank = (1..samples.len()).take_while(below).count();
    samples.get(rank).map(|sample| sample.took)
}

/// A count as a number to divide with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}
