//! The log can no longer be written.

use std::fs::File;
use std::io::{Read, pipe};
use std::thread;

use super::seen::Outcome;
use super::stage::{Stage, trouble};
use crate::support::database::Database;

#[tokio::test]
async fn the_reader_of_the_log_dies() {
    let stage = Stage::on("the reader of the log dies", Database::sqlite()).await;
    let (mut reader, writer) = pipe().unwrap();
    let mut daemon = stage.daemons.start_with(|command| _ = command.stderr(writer)).await;
    // Reads 100 bytes and then stops.
    thread::spawn(move || reader.read_exact(&mut [0; 100]));
    let seen = stage.play(&mut daemon, async |_| tokio::time::sleep(trouble()).await).await;
    assert_eq!(seen.count(Outcome::Unavailable) + seen.count(Outcome::NoAnswer), 0, "{}", seen.line());
}

#[tokio::test]
async fn the_disk_of_the_log_is_full() {
    let stage = Stage::on("the disk of the log is full", Database::sqlite()).await;
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut daemon = stage.daemons.start_with(|command| _ = command.stdout(full()).stderr(full())).await;
    let seen = stage.play(&mut daemon, async |_| tokio::time::sleep(trouble()).await).await;
    assert_eq!(seen.count(Outcome::Unavailable) + seen.count(Outcome::NoAnswer), 0, "{}", seen.line());
}
