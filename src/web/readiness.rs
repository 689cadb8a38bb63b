//! Whether this node can work right now.
//!
//! The answer is that of a real write, so it is found at most once a second, and those who ask at the same time share it.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::app::App;
use crate::domain::timekeeper::{ClockFault, Timekeeper};
use crate::store::{StoreError, readiness};

/// How long a good answer stands.
const FRESH: Duration = Duration::from_secs(1);
/// How long a write may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The checks that failed; the default means that requests may be sent here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Why no write succeeds.
    pub database: Option<NoWrite>,
    /// The background tasks that are down.
    pub tasks: Vec<&'static str>,
    pub clock: Option<ClockFault>,
}

/// Why no write succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWrite {
    /// It has not ended in time.
    Late,
    /// It has failed.
    Refused,
}

impl Report {
    pub fn is_good(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known of the database.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    found: Option<(Instant, Option<NoWrite>)>,
    /// A write that was given up on. No further one is begun before it has ended.
    open: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Readiness {
    pub async fn report(&self, app: &App) -> Report {
        Report {
            database: self.database(app).await,
            tasks: app.store.tasks().down(),
            clock: app.clock.timekeeper().and_then(Timekeeper::fault),
        }
    }

    async fn database(&self, app: &App) -> Option<NoWrite> {
        let asked = Instant::now();
        let mut known = self.0.lock().await;
        if let Some((at, found)) = known.found
            && (at >= asked || found.is_none() && at.elapsed() < FRESH)
        {
            return found;
        }
        let found = known.write(app).await;
        known.found = Some((Instant::now(), found));
        found
    }
}

impl Known {
    async fn write(&mut self, app: &App) -> Option<NoWrite> {
        let open = match self.open.take() {
            Some(open) if open.is_finished() => None,
            still_open => still_open,
        };
        let mut write = open.unwrap_or_else(|| {
            let store = app.store.clone();
            // Reads have connections of their own, which may be gone or taken while writes succeed.
            tokio::spawn(async move {
                store.read(readiness::check_read).await?;
                store.write(readiness::probe).await
            })
        });
        match timeout(TIMEOUT, &mut write).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(error))) => {
                tracing::warn!(%error, "not ready: no write succeeds");
                Some(NoWrite::Refused)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "not ready: no write succeeds");
                Some(NoWrite::Refused)
            }
            Err(_) => {
                tracing::warn!("not ready: a write does not end");
                self.open = Some(write);
                Some(NoWrite::Late)
            }
        }
    }
}
