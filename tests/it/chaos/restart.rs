//! The server is stopped or killed, and restarted.

use super::scenario::Scenario;
use crate::support::both_databases;

both_databases! {
    async fn the_server_is_killed_and_started_again(database) {
        let scenario = Scenario::on("the server is killed and started again", database).await;
        let mut daemon = scenario.daemons.start().await;
        scenario.run(&mut daemon, async |daemon| {
            daemon.kill();
            *daemon = scenario.daemons.start().await;
        }).await;
    }
}
