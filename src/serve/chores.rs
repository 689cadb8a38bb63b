//! What a running server does without being asked.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::services::{janitor, signing_keys};
use crate::store::StoreError;
use crate::web::app::App;

/// How long it takes a node to know the keys that another has made.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
/// Rounds of reloading between two looks at what has become due.
const ROUNDS: u32 = 12;

/// Steps of a sweep before it leaves the rest to the next one.
const SWEEPS: u32 = 100;

/// Runs until it is aborted. What fails is tried again in the next round.
pub(super) async fn run(app: App) {
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
    if let Err(error) = signing_keys::tend(&app.store, &app.master, &app.config.keys).await {
        tracing::warn!(%error, "the signing keys could not be tended");
    }
    match app.store.write(janitor::sweep).await {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(rows, "swept"),
        Err(error) => tracing::warn!(%error, "what has ended could not be swept away"),
    }
    if let Err(error) = sweep_uses(app).await {
        tracing::warn!(%error, "old uses of credentials could not be swept away");
    }
}

/// In many small steps, with others in between.
async fn sweep_uses(app: &App) -> Result<(), StoreError> {
    for _ in 0..SWEEPS {
        let keep = app.config.audit;
        if app.store.write(move |work| janitor::sweep_uses(work, keep)).await? == 0 {
            break;
        }
    }
    Ok(())
}
