//! All measurements of one engine, on one database.

use std::error::Error;

use keystiled::domain::client::COMPANION;
use keystiled::domain::engine::Engine;

use super::codes;
use super::crash::{self, Crash};
use super::export::{self, Export};
use super::limits::Signed;
use super::lookups::{self, Lookups};
use super::overload::{self, Overload};
use super::passwords::{self, Passwords};
use super::refresh::{self, Refresh};
use crate::support::callers::TokenEndpoint;
use crate::support::database::{Database, name};
use crate::support::deployment::Deployment;
use crate::support::measured::Measured;
use crate::support::plan::{FEW, Length, MILLION, Plan, SESSIONS};
use crate::support::sessions;

/// Results of one engine.
pub(crate) struct Reached {
    pub(crate) engine: Engine,
    pub(crate) refresh: Refresh,
    /// Refreshes with fewer sessions in the database.
    pub(crate) few: Measured,
    /// Refreshes with a million sessions, in a long run.
    pub(crate) million: Option<Measured>,
    pub(crate) codes: Signed,
    pub(crate) overload: Overload,
    pub(crate) crash: Crash,
    pub(crate) lookups: Lookups,
    pub(crate) export: Export,
    pub(crate) passwords: Passwords,
}

pub(crate) async fn measure(plan: &Plan, database: &Database) -> Result<Reached, Box<dyn Error>> {
    let engine = database.engine();
    let name = name(engine);
    let deployment = Box::pin(Deployment::new(database)).await?;
    let endpoint = TokenEndpoint::new(deployment.address, "/oauth/token", COMPANION);

    eprintln!("{name}: refresh with {FEW} sessions");
    let few = sessions::fill(&deployment, 0..FEW).await?;
    let (few, mut sessions) = refresh::rate(plan, &deployment, &endpoint, few).await?;

    eprintln!("{name}: refresh with {SESSIONS} sessions");
    sessions.extend(sessions::fill(&deployment, FEW..SESSIONS).await?);
    let (refresh, sessions) = refresh::measure(plan, &deployment, &endpoint, sessions).await?;

    eprintln!("{name}: authorization code exchange");
    let codes = codes::measure(plan, &deployment, &endpoint, refresh.full.measured.per_second()).await?;

    eprintln!("{name}: overload");
    let (overload, sessions) = overload::measure(plan, &deployment, &endpoint, sessions, &refresh).await?;

    eprintln!("{name}: kill -9");
    let (crash, sessions) = crash::measure(plan, &deployment, &endpoint, sessions).await?;

    eprintln!("{name}: verify and introspect");
    let lookups = Box::pin(lookups::measure(plan, database)).await?;

    eprintln!("{name}: export");
    let export = Box::pin(export::measure(database)).await?;
    eprintln!("{name}: passwords");
    let limit = refresh.full.limit;
    let measured = passwords::measure(plan, &deployment, &endpoint, sessions, limit);
    let (passwords, mut sessions) = Box::pin(measured).await?;

    let million = match plan.length {
        Length::Long => {
            eprintln!("{name}: refresh with {MILLION} sessions");
            sessions.extend(sessions::fill(&deployment, SESSIONS..MILLION).await?);
            Some(refresh::rate(plan, &deployment, &endpoint, sessions).await?.0)
        }
        Length::Quick | Length::Usual => None,
    };
    Ok(Reached { engine, refresh, few, million, codes, overload, crash, lookups, export, passwords })
}
