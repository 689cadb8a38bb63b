//! Periodic tasks of a running server.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::services::{audit_rebase, janitor, signing_keys};
use crate::store::readiness;
use crate::web::app::App;

/// How often signing keys are reloaded, and so how long a node may miss changes by another node.
const RELOAD_EVERY: Duration = Duration::from_secs(1);
/// How often signing keys are checked for rotation, retirement and deletion.
const MAINTAIN_KEYS_EVERY: Duration = Duration::from_secs(60);
/// Pause between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Starts the tasks, which run until aborted. They are separate, so that neither a long sweep nor key
/// generation delays the reload of revoked keys. Failures are retried at the next tick.
pub(super) fn start(app: &App) -> [JoinHandle<()>; 3] {
    let tasks = app.store.tasks();
    let [to_follow, to_tend, to_sweep] = [app.clone(), app.clone(), app.clone()];
    [
        tasks.spawn("key-reload", move || reload_keys(to_follow.clone())),
        tasks.spawn("key-maintenance", move || maintain_keys(to_tend.clone())),
        tasks.spawn("sweep", move || sweep(to_sweep.clone())),
    ]
}

async fn reload_keys(app: App) {
    let mut clock = ticks(RELOAD_EVERY);
    let mut failing = false;
    loop {
        clock.tick().await;
        match app.reload_keys().await {
            Ok(()) => failing = false,
            // Logged once until it works again.
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "the signing keys could not be read again");
                }
                failing = true;
            }
        }
    }
}

async fn maintain_keys(app: App) {
    let mut clock = ticks(MAINTAIN_KEYS_EVERY);
    let mut paused = false;
    loop {
        clock.tick().await;
        if is_paused(&app, "key maintenance", &mut paused) {
            continue;
        }
        if let Err(error) = signing_keys::maintain(&app.store, &app.master, &app.config.keys).await {
            tracing::warn!(%error, "signing key maintenance failed");
        }
    }
}

fn ticks(every: Duration) -> Interval {
    let mut clock = interval(every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

async fn sweep(app: App) {
    let mut paused = false;
    loop {
        // After an update there may be work for it, and never again.
        if let Err(error) = audit_rebase::run(&app.store).await {
            tracing::warn!(%error, "personal values could not be moved out of older audit events");
        }
        if !is_paused(&app, "sweep", &mut paused) {
            match janitor::sweep(&app.store, &app.config).await {
                0 => {}
                rows => tracing::debug!(rows, "swept"),
            }
        }
        // Stores the time, so that the next start knows when this server last ran, even without readiness
        // probes.
        if let Err(error) = app.store.write(readiness::probe).await {
            tracing::debug!(%error, "the time of the sweep could not be stored");
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Whether to skip this tick, because a clock is wrong and must not decide about rotation or deletion.
/// `paused` is the previous result; the start of a pause is logged.
fn is_paused(app: &App, what: &str, paused: &mut bool) -> bool {
    let before = std::mem::replace(paused, app.clock.timekeeper().is_some_and(|keeper| !keeper.may_delete()));
    if *paused && !before {
        tracing::warn!(
            "the {what} pauses: a clock is wrong, or jumped within the last 24 hours, or the server started within the \
             last 24 hours after a gap of more than 24 hours"
        );
    }
    *paused
}
