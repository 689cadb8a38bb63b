//! Writes the uses of credentials down, many at a time.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::domain::uses::Use;
use crate::services::uses;
use crate::store::StoreError;
use crate::web::app::App;

/// Uses in one transaction at the most.
const BATCH: usize = 500;
/// How long the first use of a batch waits for others.
const GATHER: Duration = Duration::from_millis(400);
/// How long to wait for a database that is away.
const AGAIN: Duration = Duration::from_millis(500);
/// How long a stop waits for a database that is away.
const LAST_PATIENCE: Duration = Duration::from_secs(10);

/// The task that writes.
pub(super) struct UseWriter {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl UseWriter {
    pub(super) fn start(app: App, queue: mpsc::Receiver<Use>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, running: tokio::spawn(run(app, queue, stopped)) }
    }

    /// Writes what is in the queue, and ends. What comes later is lost, so whoever answers requests must have stopped.
    pub(super) async fn stop(self) {
        if self.stop.send(()).is_err() {
            tracing::error!("the task that writes the uses of credentials had ended");
        }
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the task that writes the uses of credentials failed");
        }
    }
}

async fn run(app: App, mut queue: mpsc::Receiver<Use>, mut stopped: oneshot::Receiver<()>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            got = queue.recv_many(&mut batch, BATCH) => if got == 0 { return },
            _ = &mut stopped => break,
        }
        let end = Instant::now() + GATHER;
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            tokio::select! {
                got = timeout_at(end, queue.recv_many(&mut batch, room)) => match got {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => break,
                },
                _ = &mut stopped => return drain(&app, queue, batch).await,
            }
        }
        while !written(&app, &mut batch).await {
            tokio::select! {
                () = sleep(AGAIN) => {}
                _ = &mut stopped => return drain(&app, queue, batch).await,
            }
        }
    }
    drain(&app, queue, batch).await;
}

/// Writes everything that is left.
async fn drain(app: &App, mut queue: mpsc::Receiver<Use>, mut batch: Vec<Use>) {
    queue.close();
    let until = Instant::now() + LAST_PATIENCE;
    loop {
        while !written(app, &mut batch).await {
            if Instant::now() >= until {
                tracing::error!(lost = batch.len() + queue.len(), "uses of credentials were lost");
                return;
            }
            sleep(AGAIN).await;
        }
        if queue.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
    }
}

/// Writes a batch and empties it. Not if the database is away, which is worth waiting for.
async fn written(app: &App, batch: &mut Vec<Use>) -> bool {
    if batch.is_empty() {
        return true;
    }
    let (uses, keep) = (batch.clone(), app.config.audit);
    match app.store.write(move |work| uses::record(work, &uses, keep)).await {
        Ok(()) => {}
        Err(StoreError::Unavailable(reason)) => {
            tracing::warn!(%reason, waiting = batch.len(), "the uses of credentials cannot be written now");
            return false;
        }
        Err(error) => tracing::error!(%error, lost = batch.len(), "uses of credentials were lost"),
    }
    batch.clear();
    true
}
