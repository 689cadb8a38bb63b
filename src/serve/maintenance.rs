//! What a running server does without being asked.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::services::{janitor, signing_keys};
use crate::store::readiness;
use crate::web::app::App;

/// How long it takes a node to know the keys that another has made or revoked.
const RELOAD_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether a key is due to sign, to retire or to be dropped.
const MAINTAIN_KEYS_EVERY: Duration = Duration::from_secs(60);
/// How long after a sweep the next one begins.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The tasks, which run until they are aborted, side by side, so that neither a long sweep nor a new key keeps a revoked
/// one alive. What fails is tried again in the next round.
pub(super) fn start(app: &App) -> [JoinHandle<()>; 3] {
    let tasks = app.store.tasks();
    let [to_follow, to_tend, to_sweep] = [app.clone(), app.clone(), app.clone()];
    [
        tasks.spawn("key-reload", move || follow_keys(to_follow.clone())),
        tasks.spawn("key-maintenance", move || maintain_keys(to_tend.clone())),
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

async fn maintain_keys(app: App) {
    let mut clock = ticks(MAINTAIN_KEYS_EVERY);
    let mut paused = false;
    loop {
        clock.tick().await;
        if pauses(&app, "key maintenance", &mut paused) {
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
        if !pauses(&app, "sweep", &mut paused) {
            match janitor::sweep(&app.store, &app.config).await {
                0 => {}
                rows => tracing::debug!(rows, "swept"),
            }
        }
        // So that the next start sees when this server ran last, although no load balancer probes it.
        if let Err(error) = app.store.write(readiness::probe).await {
            tracing::debug!(%error, "the time of the sweep could not be stored");
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Whether a round is left out, because keys would rotate, or rows be deleted, by a time that may be wrong. `paused` is
/// the answer of the round before; the log says when a pause begins.
fn pauses(app: &App, what: &str, paused: &mut bool) -> bool {
    let before = std::mem::replace(paused, app.clock.timekeeper().is_some_and(|keeper| !keeper.may_delete()));
    if *paused && !before {
        tracing::warn!(
            "the {what} pauses: a clock is wrong, or jumped within the last 24 hours, or the server started within the \
             last 24 hours after a gap of more than 24 hours"
        );
    }
    *paused
}
