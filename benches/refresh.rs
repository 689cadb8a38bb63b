//! Refreshes per second of the built server, on both engines.
//!
//! Starts `keystiled`, drives it over HTTP with 64 keep-alive connections, each with a session of its own, and sets the
//! result beside the rate at which this machine makes RSA signatures: every refresh needs one.

mod support;

use std::error::Error;
use std::num::NonZero;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Duration;

use support::database::Database;
use support::deployment::Deployment;
use support::load::{self, Pace};
use support::machine::Machine;
use support::report::{self, Row};
use support::server::Server;
use support::session::Session;
use support::signing;

const SESSIONS: usize = 64;
const WARM_UP: Duration = Duration::from_secs(2);
const FULL: Duration = Duration::from_secs(10);
const HALF: Duration = Duration::from_secs(5);
const SIGNING: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let machine = Machine::here(&std::env::temp_dir())?;
    let threads = available_parallelism().map_or(1, NonZero::get);
    // The limit is measured around the engines, and the best figure counts: a disturbance must not flatter the ratio.
    let mut single = signing::rate(1, SIGNING)?;
    let mut limit = signing::rate(threads, SIGNING)?;
    let mut rows = Vec::new();
    for database in Database::both()? {
        rows.push(refresh(&database).await?);
        single = single.max(signing::rate(1, SIGNING)?);
        limit = limit.max(signing::rate(threads, SIGNING)?);
    }
    let report = report::markdown(&machine, single, limit, &rows);
    println!("{report}");
    report::write(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md")), &report)?;
    Ok(())
}

/// As fast as the connections go, and then again at half of that rate.
async fn refresh(database: &Database) -> Result<Row, Box<dyn Error>> {
    eprintln!("refresh on {}", database.name());
    let deployment = Deployment::new(database)?;
    let sessions = deployment.fill(SESSIONS).await?;
    let server = Server::start(&deployment).await?;
    let idle = server.memory()?;
    let callers = sessions.into_iter().map(|token| Session::new(deployment.address(), token)).collect();
    let address = deployment.address();
    let before = server.processor_time()?;
    let (full, callers) = load::drive(address, callers, Pace::Full, WARM_UP, FULL).await?;
    let processor = server.processor_time()?.zip(before).map(|(after, before)| after.saturating_sub(before));
    let loaded = server.memory()?;
    let pace = Pace::PerSecond(full.per_second() / 2.0);
    let (half, _) = load::drive(address, callers, pace, Duration::from_secs(1), HALF).await?;
    let (path, engine, start) = ("refresh", database.name(), server.started_in());
    Ok(Row { path, engine, full, half, start, processor, idle, loaded })
}
