//! What a running server does without being asked.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::services::{janitor, signing_keys};
use crate::web::app::App;

/// How long it takes a node to know the keys that another has made.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// Rounds of reloading between two looks at what has become due.
const ROUNDS: u32 = 12;

/// How long after a sweep the next one begins.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The tasks, which run until they are aborted. What fails is tried again in the next round.
pub(super) fn start(app: &App) -> [JoinHandle<()>; 2] {
    let tasks = app.store.tasks();
    let (for_keys, for_sweep) = (app.clone(), app.clone());
    [
        tasks.spawn("key-maintenance", move || look_after_keys(for_keys.clone())),
        // Beside the keys, because a sweep takes as long as it takes.
        tasks.spawn("sweep", move || sweep(for_sweep.clone())),
    ]
}

async fn look_after_keys(app: App) {
    let mut clock = interval(RELOAD_EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in (0..ROUNDS).cycle() {
        clock.tick().await;
        if round == 0 {
            tend(&app).await;
        }
        if let Err(error) = app.reload_keys().await {
            tracing::warn!(%error, "the signing keys could not be read again");
        }
    }
}

async fn tend(app: &App) {
    if paused(app, "key maintenance") {
        return;
    }
    if let Err(error) = signing_keys::tend(&app.store, &app.master, &app.config.keys).await {
        tracing::warn!(%error, "the signing keys could not be tended");
    }
}

async fn sweep(app: App) {
    loop {
        if !paused(&app, "sweep") {
            match janitor::sweep(&app.store, app.config.audit).await {
                0 => {}
                rows => tracing::debug!(rows, "swept"),
            }
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Whether a round is left out, because keys would rotate, or what is kept be deleted, by a time that may be wrong.
fn paused(app: &App, what: &str) -> bool {
    let paused = app.clock.keeper().is_some_and(|keeper| !keeper.may_delete());
    if paused {
        tracing::warn!("the {what} pauses, because a clock is wrong or has jumped in the last 24 hours");
    }
    paused
}
