//! The disk of the database is full.

use std::fs::File;
use std::io::Write;

use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::support::daemon::server;
use crate::support::database::Database;

/// Mounts a small file system over the directory of the database, visible only to the server, and starts the server.
const ON_A_SMALL_DISK: &str = r#"
    set -e
    cp -a "$1" "$1.copy"
    mount -t tmpfs -o size=8m,mode=0700 none "$1"
    cp -a "$1.copy/." "$1"
    exec "$2"
"#;

#[tokio::test]
async fn the_disk_of_the_database_is_full() {
    let scenario = Scenario::on("the disk of the database is full", Database::sqlite()).await;
    let Database::Sqlite(folder) = scenario.database() else { unreachable!("it was made above") };
    let mut command = scenario.daemons.program("unshare");
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh"]);
    command.arg(folder.path()).arg(server());
    let mut daemon = scenario.daemons.start_by(command).await;
    let seen_from_here = format!("/proc/{}/root{}", daemon.id(), folder.path().display());
    let scenario = scenario.with("KEYSTILE_DATABASE_URL", &format!("sqlite://{seen_from_here}/keystile.db"));
    let filler = format!("{seen_from_here}/filler");
    let observed = scenario
        .run(&mut daemon, async |_| {
            let mut file = File::create(&filler).unwrap();
            while file.write_all(&[0; 4096]).is_ok() {}
            tokio::time::sleep(fault_duration()).await;
            std::fs::remove_file(&filler).unwrap();
        })
        .await;
    assert!(observed.count(Outcome::Unavailable) > 0, "the disk was never full: {}", observed.line());
    assert_eq!(observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
}
