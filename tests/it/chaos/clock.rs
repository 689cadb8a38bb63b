//! The clock of the machine jumps.

use std::fs;

use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::process::under_clock_offset;
use crate::support::both_databases;

async fn jumps(name: &'static str, by: &str, database: crate::support::database::Database) {
    let scenario = Scenario::on(name, database).await;
    let clock = scenario.data_dir().join("clock");
    fs::write(&clock, "+0").unwrap();
    let mut daemon = scenario.daemons.start_with(under_clock_offset(&clock)).await;
    let observed = scenario
        .run(&mut daemon, async |_| {
            fs::write(&clock, by).unwrap();
            tokio::time::sleep(fault_duration()).await;
            fs::write(&clock, "+0").unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        })
        .await;
    assert_eq!(observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
}

both_databases! {
    async fn the_clock_goes_back_two_hours(database) {
        Box::pin(jumps("the clock goes back two hours", "-2h", database)).await;
    }

    async fn the_clock_goes_forward_a_hundred_days(database) {
        Box::pin(jumps("the clock goes forward 100 days", "+100d", database)).await;
    }
}
