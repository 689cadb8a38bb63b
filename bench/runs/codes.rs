//! The authorization code grant with PKCE, for a public client.

use std::error::Error;
use std::sync::Arc;

use super::limits::Signed;
use crate::support::callers::{Redeemer, TokenEndpoint};
use crate::support::codes;
use crate::support::deployment::Deployment;
use crate::support::load::Load;
use crate::support::plan::{CONNECTIONS, Plan};
use crate::support::server::Server;

/// Codes to prepare, as a multiple of the refreshes in the same time. An exchange does at least the work of a refresh,
/// so this is enough.
const SPARE: f64 = 1.3;

pub(crate) async fn measure(
    plan: &Plan,
    deployment: &Deployment<'_>,
    endpoint: &Arc<TokenEndpoint>,
    refreshes: f64,
) -> Result<Signed, Box<dyn Error>> {
    let time = plan.warm_up + plan.short;
    let codes = codes::fill(deployment, rounded(refreshes * time.as_secs_f64() * SPARE)).await?;
    deployment.database.settle()?;
    let server = Server::start(deployment).await?;
    let tools = (0..CONNECTIONS).map(|_| Redeemer::new(endpoint, &codes)).collect();
    let load = Load::full(plan.warm_up, plan.short);
    let (signed, _) = Signed::drive(plan, load, server.target, tools).await?;
    Ok(signed)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count of codes is small and positive"
)]
fn rounded(count: f64) -> usize {
    count as usize
}
