//! The server is stopped or killed, and restarted.

use super::stage::Stage;
use crate::support::both_databases;

both_databases! {
    async fn the_server_is_killed_and_started_again(database) {
        let stage = Stage::on("the server is killed and started again", database).await;
        let mut daemon = stage.daemons.start().await;
        stage.play(&mut daemon, async |daemon| {
            daemon.kill();
            *daemon = stage.daemons.start().await;
        }).await;
    }
}
