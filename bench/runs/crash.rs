//! The server is killed while it answers. What a client received must be honored by the next one.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use keystile::domain::secret::Secret;
use tokio::time::sleep;

use crate::support::callers::{Refresher, TokenEndpoint};
use crate::support::connection::{Answer, Connection};
use crate::support::deployment::Deployment;
use crate::support::load::{Caller, Load, Tolerance};
use crate::support::plan::{CONNECTIONS, Plan};
use crate::support::server::Server;

/// What became of the sessions.
pub(crate) struct Crash {
    /// Answers that clients received before the kill.
    pub(crate) answers: usize,
    /// Sessions whose last refresh token was honored after it: all of them.
    pub(crate) honored: usize,
}

/// A lost session is an error: this is no matter of speed.
pub(crate) async fn measure(
    plan: &Plan,
    deployment: &Deployment<'_>,
    endpoint: &Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
) -> Result<(Crash, Vec<Secret>), Box<dyn Error>> {
    let mut server = Server::start(deployment).await?;
    let tools = Refresher::share(endpoint, sessions, CONNECTIONS);
    let target = server.target;
    // The load goes on for longer than the server.
    let load = Load { tolerance: Tolerance::Crash, ..Load::full(plan.warm_up, plan.window) };
    let (kill, driven) = tokio::join!(
        async {
            sleep(plan.warm_up + plan.window / 2).await;
            server.kill()
        },
        load.drive(target, tools)
    );
    kill?;
    let (measured, tools) = driven?;

    let server = Server::start(deployment).await?;
    let checks: Vec<_> =
        tools.into_iter().map(|tool| tokio::spawn(check(server.target.address, tool))).collect();
    let mut tools = Vec::with_capacity(checks.len());
    for check in checks {
        tools.push(check.await??);
    }
    let honored = tools.iter().map(Refresher::len).sum();
    Ok((Crash { answers: measured.counts.accepted, honored }, Refresher::gather(tools)))
}

/// Refreshes every session once with the last token that its tool has. If the request that the kill cut off did rotate
/// the session, that token is the one before the current, and the answer is the current one again.
async fn check(address: SocketAddr, mut tool: Refresher) -> io::Result<Refresher> {
    let mut connection = Connection::open(address).await?;
    let mut request = String::new();
    for _ in 0..tool.len() {
        request.clear();
        tool.request(&mut request)?;
        let Answer { status, body, .. } = connection.exchange(request.as_bytes()).await?;
        if status != 200 {
            let said = String::from_utf8_lossy(body);
            return Err(io::Error::other(format!("a session was lost by the kill: {status}: {said}")));
        }
        tool.answered(body)?;
    }
    Ok(tool)
}
