//! Overload: ten times the connections, and twice the rate that the machine can serve.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use keystiled::domain::secret::Secret;

use super::refresh::Refresh;
use crate::support::callers::{Refresher, TokenEndpoint};
use crate::support::deployment::Deployment;
use crate::support::load::{Load, Pace, Tolerance};
use crate::support::measured::{Measured, Sample, percentile};
use crate::support::plan::{CONNECTIONS, CROWD, Plan};
use crate::support::server::Server;

/// Resolution of the recovery time.
const STEP: Duration = Duration::from_millis(50);
/// Window over which p99 is computed at each step.
const LOOK: Duration = Duration::from_millis(250);
/// A p99 up to this factor above the usual one counts as recovered.
const TOLERANCE: f64 = 2.0;

/// Results of the overload.
pub(crate) struct Overload {
    pub(crate) crowd: Measured,
    /// Requests per second that were due.
    pub(crate) offered: f64,
    /// Peak resident memory in KiB.
    pub(crate) peak: u64,
    /// From the end of the overload until p99 at half load has recovered; `None` if it does not.
    pub(crate) recovery: Option<Duration>,
}

pub(crate) async fn measure(
    plan: &Plan,
    deployment: &Deployment<'_>,
    endpoint: &Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
    usual: &Refresh,
) -> Result<(Overload, Vec<Secret>), Box<dyn Error>> {
    let server = Server::start(deployment).await?;
    let rate = usual.full.measured.per_second();
    let offered = rate * 2.0;
    let load = Load {
        pace: Pace::Crowd(offered),
        warm_up: plan.warm_up,
        window: plan.short,
        tolerance: Tolerance::Counted,
    };
    let tools = Refresher::share(endpoint, sessions, CROWD);
    let (crowd, tools) = load.drive(server.target, tools).await?;
    let peak = server.target.process.peak()?;

    let tools = Refresher::share(endpoint, Refresher::gather(tools), CONNECTIONS);
    let after = Load { tolerance: Tolerance::Counted, ..Load::steady(rate / 2.0, Duration::ZERO, plan.half) };
    let (half, tools) = after.drive(server.target, tools).await?;
    let gap = half.begun.saturating_duration_since(crowd.ended);
    let recovery = calm_from(&half, usual.half.percentile(0.99).mul_f64(TOLERANCE)).map(|calm| gap + calm);
    Ok((Overload { crowd, offered, peak, recovery }, Refresher::gather(tools)))
}

/// The earliest time after which p99 does not exceed `usual`.
fn calm_from(half: &Measured, usual: Duration) -> Option<Duration> {
    let mut from = Duration::ZERO;
    while from + LOOK <= half.window {
        let looked: Vec<Sample> =
            half.samples.iter().filter(|sample| (from..from + LOOK).contains(&sample.due)).copied().collect();
        if percentile(&looked, 0.99).is_some_and(|p99| p99 <= usual) {
            return Some(from);
        }
        from += STEP;
    }
    None
}
