//! What a running server does without being asked.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::services::{janitor, signing_keys};
use crate::web::app::App;

/// How long it takes a node to know the keys that another has made or revoked.
const RELOAD_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether a key is due to sign, to retire or to be dropped.
const TEND_EVERY: Duration = Duration::from_secs(60);
/// How long after a sweep the next one begins.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The tasks, which run until they are aborted, side by side, so that neither a long sweep nor a new key keeps a revoked
/// one alive. What fails is tried again in the next round.
pub(super) fn start(app: &App) -> [JoinHandle<()>; 3] {
    let tasks = app.store.tasks();
    let [to_follow, to_tend, to_sweep] = [app.clone(), app.clone(), app.clone()];
    [
        tasks.spawn("key-reload", move || follow_keys(to_follow.clone())),
        tasks.spawn("key-maintenance", move || tend(to_tend.clone())),
        tasks.spawn("sweep", move || sweep(to_sweep.clone())),
    ]
}

async fn follow_keys(app: App) {
    let mut clock = ticks(RELOAD_EVERY);
    let mut failing = false;
    loop {
        clock.tick().await;
        match app.reload_keys().await {
            Ok(()) => failing = false,
            // Said once until it works again.
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "the signing keys could not be read again");
                }
                failing = true;
            }
        }
    }
}

async fn tend(app: App) {
    let mut clock = ticks(TEND_EVERY);
    loop {
        clock.tick().await;
        if paused(&app, "key maintenance") {
            continue;
        }
        if let Err(error) = signing_keys::tend(&app.store, &app.master, &app.config.keys).await {
            tracing::warn!(%error, "the signing keys could not be tended");
        }
    }
}

fn ticks(every: Duration) -> Interval {
    let mut clock = interval(every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
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
