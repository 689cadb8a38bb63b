//! Readiness of this node.
//!
//! It is checked with a real write, so at most once per second; concurrent probes share the result.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::app::App;
use crate::domain::timekeeper::{ClockFault, Timekeeper};
use crate::store::{StoreError, readiness};

/// How long a good result is cached.
const FRESH: Duration = Duration::from_secs(1);
/// How long a write may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Failed checks; the default is ready.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Why a write did not succeed.
    pub database: Option<NoWrite>,
    /// Background tasks that are down.
    pub tasks: Vec<&'static str>,
    pub clock: Option<ClockFault>,
}

/// Why a write did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoWrite {
    /// Timed out.
    Late,
    /// Failed.
    Refused,
}

impl Report {
    pub fn is_good(&self) -> bool {
        *self == Self::default()
    }
}

/// Cached result of the database check.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<CachedCheck>);

#[derive(Debug, Default)]
struct CachedCheck {
    found: Option<(Instant, Option<NoWrite>)>,
    /// A write that timed out. No other one is started before it ends.
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

impl CachedCheck {
    async fn write(&mut self, app: &App) -> Option<NoWrite> {
        let open = match self.open.take() {
            Some(open) if open.is_finished() => None,
            still_open => still_open,
        };
        let mut write = open.unwrap_or_else(|| {
            let store = app.store.clone();
            // Reads use other connections, which may be lost or in use while writes succeed.
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
