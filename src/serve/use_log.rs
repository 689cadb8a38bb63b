//! Writes uses of credentials to the database, in batches.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::domain::usage::Use;
use crate::services::usage;
use crate::store::StoreError;
use crate::web::app::App;

/// Maximum number of uses per transaction.
const BATCH: usize = 500;
/// How long the first use of a batch waits for more.
const GATHER_TIME: Duration = Duration::from_millis(400);
/// Pause before a retry while the database is unavailable.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How long a stop waits for an unavailable database.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// The writer task.
pub(super) struct UseWriter {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl UseWriter {
    pub(super) fn start(app: App, queue: mpsc::Receiver<Use>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let tasks = app.store.tasks().clone();
        // Kept outside of the task, so that a restarted one continues with the same queue.
        let queue = Arc::new(Mutex::new(queue));
        let make = move || {
            let (app, queue, stopped) = (app.clone(), queue.clone(), stopped.clone());
            async move { run(&app, &mut *queue.lock().await, stopped).await }
        };
        Self { stop, running: tasks.spawn("use-log", make) }
    }

    /// Writes the queue and ends. Later uses are lost, so the HTTP server must have stopped before.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the task that writes the uses of credentials failed");
        }
    }
}

async fn run(app: &App, queue: &mut mpsc::Receiver<Use>, mut stopped: watch::Receiver<bool>) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            got = queue.recv_many(&mut batch, BATCH) => if got == 0 { return },
            () = stop_requested(&mut stopped) => break,
        }
        let end = Instant::now() + GATHER_TIME;
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            tokio::select! {
                got = timeout_at(end, queue.recv_many(&mut batch, room)) => match got {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => break,
                },
                () = stop_requested(&mut stopped) => return drain(app, queue, batch).await,
            }
        }
        while !try_write(app, &mut batch).await {
            tokio::select! {
                () = sleep(RETRY_PAUSE) => {}
                () = stop_requested(&mut stopped) => return drain(app, queue, batch).await,
            }
        }
    }
    drain(app, queue, batch).await;
}

/// Waits for the stop, or for the server to be dropped.
async fn stop_requested(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stop| *stop).await);
}

/// Writes the rest of the queue.
async fn drain(app: &App, queue: &mut mpsc::Receiver<Use>, mut batch: Vec<Use>) {
    queue.close();
    let until = Instant::now() + SHUTDOWN_TIMEOUT;
    loop {
        while !try_write(app, &mut batch).await {
            if Instant::now() >= until {
                tracing::error!(lost = batch.len() + queue.len(), "uses of credentials were lost");
                return;
            }
            sleep(RETRY_PAUSE).await;
        }
        if queue.recv_many(&mut batch, BATCH).await == 0 {
            return;
        }
    }
}

/// Writes a batch and empties it; `false` if the database is unavailable, then retry.
async fn try_write(app: &App, batch: &mut Vec<Use>) -> bool {
    if batch.is_empty() {
        return true;
    }
    let (uses, keep) = (batch.clone(), app.config.audit);
    match app.store.write(move |work| usage::record(work, &uses, keep)).await {
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
