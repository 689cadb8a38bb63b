//! Kills the server under load. Every response that a client received must be honored after the restart.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use keystiled::domain::secret::Secret;
use tokio::time::sleep;

use crate::support::callers::{Refresher, TokenEndpoint, member};
use crate::support::connection::{Answer, Connection};
use crate::support::deployment::Deployment;
use crate::support::load::{Caller, Load, Tolerance};
use crate::support::plan::{CONNECTIONS, Plan};
use crate::support::server::Server;

/// Tools that keep the last response of their connection.
struct Witness {
    tools: Refresher,
    last: Vec<u8>,
}

impl Caller for Witness {
    fn request(&mut self, into: &mut String) -> io::Result<()> {
        self.tools.request(into)
    }

    fn answered(&mut self, body: &[u8]) -> io::Result<()> {
        self.last.clear();
        self.last.extend_from_slice(body);
        self.tools.answered(body)
    }
}

/// Results of the crash.
pub(crate) struct Crash {
    /// Responses that clients received before the kill.
    pub(crate) answers: usize,
    /// Sessions whose last refresh token was accepted afterwards: all of them.
    pub(crate) honored: usize,
}

/// A lost session is an error.
pub(crate) async fn measure(
    plan: &Plan,
    deployment: &Deployment<'_>,
    endpoint: &Arc<TokenEndpoint>,
    sessions: Vec<Secret>,
) -> Result<(Crash, Vec<Secret>), Box<dyn Error>> {
    let mut server = Server::start(deployment).await?;
    let tools = Refresher::share(endpoint, sessions, CONNECTIONS);
    let tools = tools.into_iter().map(|tools| Witness { tools, last: Vec::new() }).collect();
    let target = server.target;
    // The load continues after the server is killed.
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

/// Checks that the last access token still works, and refreshes every session once with the last token of its tool. If
/// the request interrupted by the kill did rotate the session, that token is of the previous generation, and the
/// response is the current token again.
async fn check(address: SocketAddr, witness: Witness) -> io::Result<Refresher> {
    let Witness { mut tools, last } = witness;
    let mut connection = Connection::open(address).await?;
    let bearer = member(&last, "access_token")?;
    let request =
        format!("GET /oauth/userinfo HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {bearer}\r\n\r\n");
    honored(&connection.exchange(request.as_bytes()).await?)?;
    let mut request = String::new();
    for _ in 0..tools.len() {
        request.clear();
        tools.request(&mut request)?;
        let answer = connection.exchange(request.as_bytes()).await?;
        honored(&answer)?;
        tools.answered(answer.body)?;
    }
    Ok(tools)
}

fn honored(answer: &Answer<'_>) -> io::Result<()> {
    if answer.status == 200 {
        return Ok(());
    }
    let said = String::from_utf8_lossy(answer.body);
    Err(io::Error::other(format!(
        "the kill lost a response that a client had received: {}: {said}",
        answer.status
    )))
}
