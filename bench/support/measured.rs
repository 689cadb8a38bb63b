//! Figures of a load.

use std::time::{Duration, Instant};

/// A request that was answered with 200 within the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// When it was due, from the beginning of the load.
    pub(crate) due: Duration,
    pub(crate) took: Duration,
}

/// Outcomes of requests, including the warm-up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Status 200.
    pub(crate) accepted: usize,
    /// Status 503 with `Retry-After`.
    pub(crate) refused: usize,
    /// Any other response, or a broken connection.
    pub(crate) failed: usize,
    /// Not sent, because the connection still waited for the previous response.
    pub(crate) skipped: usize,
}

/// Result of a load.
pub(crate) struct Measured {
    /// Sorted by `took`.
    pub(crate) samples: Vec<Sample>,
    pub(crate) counts: Counts,
    /// Length of the measured window.
    pub(crate) window: Duration,
    /// Beginning of the load and end of its window.
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// CPU time of the server, including the warm-up.
    pub(crate) server: Duration,
    /// CPU time of the client, including the warm-up.
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

    /// CPU time of the server per request.
    pub(crate) fn server_each(&self) -> Duration {
        self.each(self.server)
    }

    /// CPU time of the client per request.
    pub(crate) fn client_each(&self) -> Duration {
        self.each(self.client)
    }

    fn each(&self, time: Duration) -> Duration {
        let Counts { accepted, refused, failed, skipped: _ } = self.counts;
        time.div_f64(real((accepted + refused + failed).max(1)))
    }
}

/// Percentile of samples that are sorted by `took`; `None` if there are none.
pub(crate) fn percentile(samples: &[Sample], share: f64) -> Option<Duration> {
    let below = |n: &usize| real(*n) < real(samples.len()) * share;
    let rank = (1..samples.len()).take_while(below).count();
    samples.get(rank).map(|sample| sample.took)
}

/// A count as a floating-point number.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn real(count: usize) -> f64 {
    count as f64
}
