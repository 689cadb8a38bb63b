//! The refresh token grant.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use keystiled::domain::secret::Secret;
use tokio::time::sleep;

use super::limits::Signed;
use crate::support::callers::{Refresher, TokenEndpoint};
use crate::support::database::Updates;
use crate::support::deployment::Deployment;
use crate::support::load::Load;
use crate::support::measured::Measured;
use crate::support::plan::{CONNECTIONS, Plan};
use crate::support::server::Server;

/// Number of server starts; the median counts.
const STARTS: usize = 7;

/// Results of refreshes.
pub(crate) struct Refresh {
    /// At full speed.
    pub(crate) full: Signed,
    /// At half of that rate.
    pub(crate) half: Measured,
    pub(crate) start: Duration,
    /// Resident memory in KiB before the load.
    pub(crate) idle: u64,
    /// Peak resident memory in KiB under load.
    pub(crate) loaded: u64,
    /// Rows added to all tables by the refreshes.
    pub(crate) rows_added: i64,
    /// `None` if the engine does not count updates.
    pub(crate) updates: Option<Updates>,
}

/// Measures the rate only; also returns the sessions afterwards.
pub(crate) async fn rate(
    plan: &Plan,
    deployment: &Deployment<'_>,
    endpoint: &Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
) -> Result<(Measured, Vec<Secret>), Box<dyn Error>> {
    deployment.database.settle()?;
    let server = Server::start(deployment).await?;
    let tools = Refresher::share(endpoint, sessions, CONNECTIONS);
    let (measured, tools) = Load::full(plan.warm_up, plan.window).drive(server.target, tools).await?;
    Ok((measured, Refresher::gather(tools)))
}

/// Measures full load, then half of it, and their effect on the database.
pub(crate) async fn measure(
    plan: &Plan,
    deployment: &Deployment<'_>,
    endpoint: &Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
) -> Result<(Refresh, Vec<Secret>), Box<dyn Error>> {
    let database = deployment.database;
    database.settle()?;
    let start = start(deployment).await?;
    let before = database.updates()?;
    let mut server = Server::start(deployment).await?;
    sleep(Duration::from_secs(1)).await;
    let process = server.target.process;
    let idle = process.memory()?;
    process.forget_peak()?;
    let rows = database.rows()?;

    let tools = Refresher::share(endpoint, sessions, CONNECTIONS);
    let load = Load::full(plan.warm_up, plan.window);
    let (full, tools) = Signed::drive(plan, load, server.target, tools).await?;
    let loaded = process.peak()?;
    let load = Load::steady(full.measured.per_second() / 2.0, plan.warm_up, plan.half);
    let (half, tools) = load.drive(server.target, tools).await?;

    let rows_added = database.rows()? - rows;
    server.kill()?;
    sleep(Duration::from_secs(1)).await;
    let updates = database
        .updates()?
        .zip(before)
        .map(|(after, before)| Updates { all: after.all - before.all, hot: after.hot - before.hot });
    Ok((Refresh { full, half, start, idle, loaded, rows_added, updates }, Refresher::gather(tools)))
}

/// The median time from the start of the process to the first response, with an existing database.
async fn start(deployment: &Deployment<'_>) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        times.push(Server::start(deployment).await?.started_in);
    }
    times.sort_unstable();
    Ok(times[STARTS / 2])
}
