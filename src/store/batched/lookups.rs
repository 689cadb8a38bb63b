//! Batched lookups of API keys and personal tokens by secret digest. A gateway makes one for every request to the API
//! behind it.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::engine::batcher::Batcher;
use super::super::engine::dedicated_connection::DedicatedConnection;
use super::super::engine::error::StoreError;
use super::super::engine::manager::Manager;
use super::credential_holders::{self, HeldCredential, SecretLookup};
use crate::domain::clock::Clock;
use crate::domain::secret::Digest;
use crate::supervise::Tasks;

/// How long a request waits before it fails as unavailable.
const TIMEOUT: Duration = Duration::from_secs(5);
/// One thread waits for the database while the other collects a batch.
const THREADS: usize = 2;

type LookupResult = Result<Option<HeldCredential>, StoreError>;

pub(in crate::store) struct Job {
    secret: Digest,
    answer: oneshot::Sender<LookupResult>,
}

/// Handle to the lookup threads.
pub(in crate::store) struct LookupBatcher(Batcher<Job>);

impl LookupBatcher {
    pub(in crate::store) fn start(
        tasks: &Tasks,
        manager: &Manager,
        clock: &Clock,
    ) -> Result<Self, StoreError> {
        Batcher::start("store-looker", THREADS, tasks, manager, clock, serve).map(Self)
    }

    pub(in crate::store) async fn look(&self, secret: Digest) -> LookupResult {
        let (answer, answered) = oneshot::channel();
        self.0.submit(Job { secret, answer })?;
        let late = |_| StoreError::Unavailable("the lookup of a credential timed out".into());
        let dropped = |_| StoreError::Failed("the lookup of a credential was dropped".to_owned());
        timeout(TIMEOUT, answered).await.map_err(late)?.map_err(dropped)?
    }
}

fn serve(dedicated: &mut DedicatedConnection, _: &Clock, mut batch: Vec<Job>) {
    // Drops requests that have timed out in the queue, for example while the database was unreachable.
    batch.retain(|job| !job.answer.is_closed());
    if !batch.is_empty() {
        look(dedicated, batch);
    }
}

fn look(dedicated: &mut DedicatedConnection, batch: Vec<Job>) {
    let secrets: Vec<Digest> = batch.iter().map(|job| job.secret).collect();
    match dedicated.begin(|conn| credential_holders::by_secrets(conn, &secrets)) {
        Ok(found) => deliver_all(&found, batch),
        // One of the rows causes the error. Retried one by one, only that one fails.
        Err(StoreError::Failed(_) | StoreError::Conflict(_)) if batch.len() > 1 => {
            for job in batch {
                look(dedicated, vec![job]);
            }
        }
        Err(error) => {
            let error = dedicated.fail(error);
            for job in batch {
                drop(job.answer.send(Err(error.clone())));
            }
        }
    }
}

fn deliver_all(found: &[SecretLookup], batch: Vec<Job>) {
    for Job { secret, answer } in batch {
        // This comparison is constant-time; that of the index is not.
        let one = match found.iter().find(|(found, _)| *found == secret) {
            Some((_, Ok(held))) => Ok(Some(held.clone())),
            Some((_, Err(damaged))) => Err(damaged.clone()),
            None => Ok(None),
        };
        // The receiver is gone if the request was canceled.
        drop(answer.send(one));
    }
}
