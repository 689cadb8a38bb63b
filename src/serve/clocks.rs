//! Follows the reference clock (the database's on PostgreSQL, the system's on SQLite), and logs when a clock
//! is wrong.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::domain::clock::Clock;
use crate::domain::engine::Engine;
use crate::domain::monotonic;
use crate::domain::time::Time;
use crate::domain::timekeeper::{ClockFault, Observation, Timekeeper};
use crate::store::readiness;
use crate::web::app::App;

/// How often a database's clock is read.
const ASK_DATABASE_EVERY: Duration = Duration::from_secs(5);
/// How often the system clock is read on SQLite.
const READ_SYSTEM_EVERY: Duration = Duration::from_secs(1);
/// Maximum round trip of a reading, in microseconds; a slower one is too imprecise.
const MAX_ROUND_TRIP: i64 = 1_000_000;

/// Runs until it is aborted.
pub(super) fn start(app: &App) -> JoinHandle<()> {
    let tasks = app.store.tasks().clone();
    let app = app.clone();
    tasks.spawn("clocks", move || watch(app.clone()))
}

async fn watch(app: App) {
    let Some(keeper) = app.clock.timekeeper() else { return };
    let mut tick = interval(match app.store.engine() {
        Engine::Postgres => ASK_DATABASE_EVERY,
        Engine::Sqlite => READ_SYSTEM_EVERY,
    });
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = None;
    loop {
        tick.tick().await;
        if let Some((now, monotonic)) = reference(&app).await
            && let Observation::Adopted(by) = keeper.observe(now, monotonic)
        {
            tracing::warn!(
                seconds = by.num_seconds(),
                "the clock that had jumped has run steadily and is followed now"
            );
        }
        known = log_change(keeper, known);
    }
}

/// A reading of the reference clock, with the monotonic time of the reading.
async fn reference(app: &App) -> Option<(Time, i64)> {
    if app.store.engine() == Engine::Sqlite {
        return Some((Clock::System.now(), monotonic::micros()));
    }
    let asked = monotonic::micros();
    match app.store.read(readiness::clock).await {
        Ok(now) => {
            let took = monotonic::micros() - asked;
            now.filter(|_| took <= MAX_ROUND_TRIP).map(|now| (now, asked + took / 2))
        }
        Err(error) => {
            tracing::debug!(%error, "the clock of the database could not be read");
            None
        }
    }
}

/// Logs when a clock goes wrong and when it is right again.
fn log_change(keeper: &Timekeeper, known: Option<ClockFault>) -> Option<ClockFault> {
    let fault = keeper.fault();
    match (known, fault) {
        (None, Some(ClockFault::Reference(by))) => tracing::error!(
            seconds = by.num_seconds(),
            "the reference clock has jumped: it is not followed, and nothing is deleted"
        ),
        (None, Some(ClockFault::System(by))) => tracing::error!(
            seconds = by.num_seconds(),
            "the system clock differs from the time of the server: correct it; nothing is deleted until they agree"
        ),
        (Some(_), None) => tracing::info!("the clocks agree again"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    fault
}
