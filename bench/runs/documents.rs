//! Public documents, compared with a minimal actix-web server.

use std::error::Error;

use crate::support::callers::Reader;
use crate::support::database::Database;
use crate::support::deployment::Deployment;
use crate::support::hello::Hello;
use crate::support::load::{Load, Target};
use crate::support::measured::Measured;
use crate::support::plan::{CONNECTIONS, Plan};
use crate::support::server::{METADATA, Server};

/// Results of each document.
pub(crate) struct Documents {
    pub(crate) hello: Measured,
    pub(crate) jwks: Measured,
    pub(crate) metadata: Measured,
}

/// The database is not involved, so one engine is enough.
pub(crate) async fn measure(plan: &Plan, database: &Database) -> Result<Documents, Box<dyn Error>> {
    eprintln!("documents");
    let before = hello(plan).await?;
    let database = database.another("documents")?;
    let deployment = Box::pin(Deployment::new(&database)).await?;
    let server = Server::start(&deployment).await?;
    let jwks = read(plan, server.target, "/oauth/jwks").await?;
    let metadata = read(plan, server.target, METADATA).await?;
    drop(server);
    let after = hello(plan).await?;
    // The better one, so that a disturbance does not improve the ratios.
    let hello = if before.per_second() > after.per_second() { before } else { after };
    Ok(Documents { hello, jwks, metadata })
}

async fn hello(plan: &Plan) -> Result<Measured, Box<dyn Error>> {
    let hello = Hello::start().await?;
    Ok(read(plan, hello.target, "/").await?)
}

async fn read(plan: &Plan, target: Target, path: &str) -> std::io::Result<Measured> {
    let readers = (0..CONNECTIONS).map(|_| Reader::new(target.address, path)).collect();
    let (measured, _) = Load::full(plan.warm_up, plan.short).drive(target, readers).await?;
    Ok(measured)
}
