//! Another process holds locks on the database.

use std::time::Duration;

use super::seen::Outcome;
use super::stage::{Stage, trouble};
use crate::support::both_databases;

/// A server that waits for a lock gives up within this time.
const WAITS: Duration = Duration::from_secs(6);

both_databases! {
    async fn another_process_locks_the_database(database) {
        let stage = Stage::on("another process locks the database", database).await;
        let mut daemon = stage.daemons.start().await;
        let seen = stage
            .play(&mut daemon, async |_| {
                let held = stage.database().lock_everything();
                tokio::time::sleep(trouble().max(WAITS)).await;
                drop(held);
            })
            .await;
        assert!(seen.count(Outcome::Unavailable) > 0, "nothing was locked: {}", seen.line());
        assert_eq!(seen.count(Outcome::NoAnswer), 0, "{}", seen.line());
    }
}
