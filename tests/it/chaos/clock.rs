//! The clock of the machine jumps.

use std::fs;

use super::seen::Outcome;
use super::stage::{Stage, trouble};
use crate::process::under_a_clock_of;
use crate::support::both_databases;

async fn jumps(name: &'static str, by: &str, database: crate::support::database::Database) {
    let stage = Stage::on(name, database).await;
    let clock = stage.data_dir().join("clock");
    fs::write(&clock, "+0").unwrap();
    let mut daemon = stage.daemons.start_with(under_a_clock_of(&clock)).await;
    let seen = stage
        .play(&mut daemon, async |_| {
            fs::write(&clock, by).unwrap();
            tokio::time::sleep(trouble()).await;
            fs::write(&clock, "+0").unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        })
        .await;
    assert_eq!(seen.count(Outcome::NoAnswer), 0, "{}", seen.line());
}

both_databases! {
    async fn the_clock_goes_back_two_hours(database) {
        Box::pin(jumps("the clock goes back two hours", "-2h", database)).await;
    }

    async fn the_clock_goes_forward_a_hundred_days(database) {
        Box::pin(jumps("the clock goes forward 100 days", "+100d", database)).await;
    }
}
