//! What a running server does without being asked.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::services::{janitor, signing_keys};
use crate::web::app::App;

/// How long it takes a node to know the keys that another has made.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// Rounds of reloading between two looks at what has become due.
const ROUNDS: u32 = 12;

/// How long after a sweep the next one begins.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Runs until it is aborted. What fails is tried again in the next round.
pub(super) async fn run(app: App) {
    tokio::join!(look_after_keys(&app), sweep(&app));
}

async fn look_after_keys(app: &App) {
    let mut clock = interval(RELOAD_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in (0..ROUNDS).cycle() {
        clock.tick().await;
        if round == 0 {
            tend(app).await;
        }
        if let Err(error) = app.reload_keys().await {
            tracing::warn!(%error, "the signing keys could not be read again");
        }
    }
}

async fn tend(app: &App) {
    if let Err(error) = signing_keys::tend(&app.store, &app.master, &app.config.keys).await {
        tracing::warn!(%error, "the signing keys could not be tended");
    }
}

/// Beside the keys, because a sweep takes as long as it takes.
async fn sweep(app: &App) {
    loop {
        match janitor::sweep(&app.store, app.config.audit).await {
            0 => {}
            rows => tracing::debug!(rows, "swept"),
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}
