//! Benchmarks of the built server, next to the limits of the machine.
//!
//! A run measures the limits, both engines, overload, a crash and other servers, and writes `docs/benchmarks.md`.

mod runs;
mod support;

use std::error::Error;
use std::path::Path;

use runs::engine::Reached;
use runs::limits::Limits;
use runs::part::{self, Part};
use runs::{documents, engine, peers, tool};
use support::database::Database;
use support::hello;
use support::machine::Machine;
use support::plan::Plan;
use support::report::{self, Report};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

fn main() -> Result<(), Box<dyn Error>> {
    match hello::asked() {
        Some(address) => Ok(hello::serve(address?)?),
        None => tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure()),
    }
}

async fn measure() -> Result<(), Box<dyn Error>> {
    let plan = Plan::from_env();
    if let Some(part) = Part::from_env()? {
        return Box::pin(part::measure(&plan, part)).await;
    }
    let machine = Machine::here(&std::env::temp_dir());
    let mut limits = Limits::measure(&plan)?;
    let [sqlite, postgres] = Database::both()?;
    let tool = tool::measure()?;
    let documents = Box::pin(documents::measure(&plan, &sqlite)).await?;
    limits.again(&plan)?;
    let mut engines: Vec<Reached> = Vec::new();
    for database in [&sqlite, &postgres] {
        engines.push(Box::pin(engine::measure(&plan, database)).await?);
        limits.again(&plan)?;
    }
    let peers = peers::measure(&plan, &postgres).await?;
    limits.again(&plan)?;

    let report = Report { plan, machine, limits, tool, documents, engines, peers };
    let text = report::markdown(&report);
    println!("{text}");
    report::write(Path::new(DOCUMENT), &text)?;
    Ok(())
}
