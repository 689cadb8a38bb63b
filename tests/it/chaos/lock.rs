//! Another process holds locks on the database.

use std::time::Duration;

use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::support::both_databases;

/// A server that waits for a lock gives up within this time.
const WAITS: Duration = Duration::from_secs(6);

both_databases! {
    async fn another_process_locks_the_database(database) {
        let scenario = Scenario::on("another process locks the database", database).await;
        let mut daemon = scenario.daemons.start().await;
        let observed = scenario
            .run(&mut daemon, async |_| {
                let held = scenario.database().lock_everything();
                tokio::time::sleep(fault_duration().max(WAITS)).await;
                drop(held);
            })
            .await;
        assert!(observed.count(Outcome::Unavailable) > 0, "nothing was locked: {}", observed.line());
        assert_eq!(observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
    }
}
