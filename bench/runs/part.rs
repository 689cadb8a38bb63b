//! Measures one path alone, for development. Writes no report.

use std::env;
use std::error::Error;

use keystiled::domain::client::COMPANION;

use super::limits::Limits;
use super::{codes, documents, export, lookups, passwords, refresh};
use crate::support::callers::TokenEndpoint;
use crate::support::database::{Database, name};
use crate::support::deployment::Deployment;
use crate::support::measured::Measured;
use crate::support::plan::{Plan, SESSIONS};
use crate::support::sessions;

/// A path that can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Refresh,
    Codes,
    Lookups,
    Export,
    Passwords,
}

impl Part {
    /// From the variable `ONLY`; `None` if it is unset or empty.
    pub(crate) fn from_env() -> Result<Option<Self>, String> {
        match env::var("ONLY").unwrap_or_default().as_str() {
            "" => Ok(None),
            "refresh" => Ok(Some(Self::Refresh)),
            "codes" => Ok(Some(Self::Codes)),
            "lookups" => Ok(Some(Self::Lookups)),
            "export" => Ok(Some(Self::Export)),
            "passwords" => Ok(Some(Self::Passwords)),
            other => Err(format!("ONLY={other}: not one of refresh, codes, lookups, export, passwords")),
        }
    }
}

pub(crate) async fn measure(plan: &Plan, part: Part) -> Result<(), Box<dyn Error>> {
    let databases = Database::both()?;
    let mut limits = Limits::measure(plan)?;
    let hello = match part {
        Part::Lookups => Box::pin(documents::measure(plan, &databases[0])).await?.hello.per_second(),
        Part::Refresh | Part::Codes | Part::Export | Part::Passwords => 0.0,
    };
    for database in &databases {
        let engine = name(database.engine());
        let deployment = Box::pin(Deployment::new(database)).await?;
        let endpoint = TokenEndpoint::new(deployment.address, "/oauth/token", COMPANION);
        match part {
            Part::Refresh => {
                let sessions = sessions::fill(&deployment, 0..SESSIONS).await?;
                let (refresh, _) = refresh::measure(plan, &deployment, &endpoint, sessions).await?;
                println!("{engine}: {} KiB idle, {} KiB under load", refresh.idle, refresh.loaded);
                print(engine, "refresh", &refresh.full.measured, refresh.full.limit);
                print(engine, "refresh at half load", &refresh.half, refresh.full.limit);
            }
            Part::Codes => {
                let codes = codes::measure(plan, &deployment, &endpoint, limits.all).await?;
                print(engine, "codes", &codes.measured, codes.limit);
            }
            Part::Lookups => {
                let lookups = Box::pin(lookups::measure(plan, database)).await?;
                print(engine, "verify", &lookups.verify, hello);
                print(engine, "verify without the log of uses", &lookups.unlogged, hello);
                print(engine, "introspect", &lookups.introspect, hello);
            }
            Part::Export => {
                let export = Box::pin(export::measure(database)).await?;
                println!(
                    "{engine}: export: {} KiB peak, {} bytes in {:.1?}",
                    export.peak, export.bytes, export.took
                );
            }
            Part::Passwords => {
                let sessions = sessions::fill(&deployment, 0..SESSIONS).await?;
                let measured = passwords::measure(plan, &deployment, &endpoint, sessions, limits.all);
                let (passwords, _) = Box::pin(measured).await?;
                println!(
                    "{engine}: {} KiB idle, {} KiB under wrong passwords",
                    passwords.idle, passwords.peak
                );
                println!("{engine}: unknown, wrong, disabled: {:.2?}", passwords.refusals);
                println!("{engine}: {:.1} sign-ins per second", passwords.sign_ins);
                print(engine, "refresh", &passwords.alone, limits.all);
                print(engine, "refresh with sign-ins", &passwords.beside, limits.all);
            }
        }
    }
    limits.again(plan)?;
    println!("a signature and an fsync: {:.2?}", limits.signature_and_fsync());
    Ok(())
}

fn print(engine: &str, what: &str, measured: &Measured, limit: f64) {
    println!(
        "{engine}: {what}: {:.0} per second, {:.2} of {limit:.0}, p50 {:.1?}, p99 {:.1?}, {:.0?} CPU each",
        measured.per_second(),
        measured.per_second() / limit,
        measured.percentile(0.5),
        measured.percentile(0.99),
        measured.server_each(),
    );
}
