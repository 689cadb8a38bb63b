//! Lookups of API keys: verify, as a gateway calls it for every request, and introspection.

use std::error::Error;
use std::sync::Arc;

use keystiled::domain::secret::Secret;

use crate::support::callers::Asker;
use crate::support::database::Database;
use crate::support::deployment::Deployment;
use crate::support::keys::{self, SCOPE};
use crate::support::load::Load;
use crate::support::measured::Measured;
use crate::support::plan::{CONNECTIONS, KEYS, Plan};
use crate::support::server::Server;

/// Results of one engine.
pub(crate) struct Lookups {
    pub(crate) verify: Measured,
    /// Verify without the log of uses.
    pub(crate) unlogged: Measured,
    pub(crate) introspect: Measured,
}

pub(crate) async fn measure(plan: &Plan, database: &Database) -> Result<Lookups, Box<dyn Error>> {
    let database = database.another("lookups")?;
    let deployment = Box::pin(Deployment::new(&database)).await?;
    let keys: Arc<[Secret]> = keys::fill(&deployment, KEYS).await?.into();
    database.settle()?;
    let server = Server::start(&deployment).await?;
    let address = deployment.address;
    let verify = |key: &Secret| {
        let key = key.expose();
        format!(
            "GET /api/v1/verify?scope={SCOPE} HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\n\
             X-Original-Method: GET\r\nX-Original-URI: /v1/deployments\r\n\r\n"
        )
    };
    let introspect = |key: &Secret| {
        let body = format!("token={}", key.expose());
        let (key, length) = (key.expose(), body.len());
        format!(
            "POST /oauth/introspect HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let load = Load::full(plan.warm_up, plan.short);
    let (logged, _) = load.drive(server.target, Asker::share(&keys, CONNECTIONS, verify)).await?;
    let (introspect, _) = load.drive(server.target, Asker::share(&keys, CONNECTIONS, introspect)).await?;
    drop(server);
    let deployment = deployment.without_log_of_uses();
    let server = Server::start(&deployment).await?;
    let (unlogged, _) = load.drive(server.target, Asker::share(&keys, CONNECTIONS, verify)).await?;
    Ok(Lookups { verify: logged, unlogged, introspect })
}
