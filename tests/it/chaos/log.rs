//! The log can no longer be written.

use std::fs::File;
use std::io::{Read, pipe};
use std::thread;

use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::support::database::Database;

#[tokio::test]
async fn the_reader_of_the_log_dies() {
    let scenario = Scenario::on("the reader of the log dies", Database::sqlite()).await;
    let (mut reader, writer) = pipe().unwrap();
    let mut daemon = scenario.daemons.start_with(|command| _ = command.stderr(writer)).await;
    // Reads 100 bytes and then stops.
    thread::spawn(move || reader.read_exact(&mut [0; 100]));
    let observed = scenario.run(&mut daemon, async |_| tokio::time::sleep(fault_duration()).await).await;
    assert_eq!(
        observed.count(Outcome::Unavailable) + observed.count(Outcome::NoAnswer),
        0,
        "{}",
        observed.line()
    );
}

#[tokio::test]
async fn the_disk_of_the_log_is_full() {
    let scenario = Scenario::on("the disk of the log is full", Database::sqlite()).await;
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut daemon = scenario.daemons.start_with(|command| _ = command.stdout(full()).stderr(full())).await;
    let observed = scenario.run(&mut daemon, async |_| tokio::time::sleep(fault_duration()).await).await;
    assert_eq!(
        observed.count(Outcome::Unavailable) + observed.count(Outcome::NoAnswer),
        0,
        "{}",
        observed.line()
    );
}
