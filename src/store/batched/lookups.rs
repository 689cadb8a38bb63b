//! Looks at keys and tokens by their secrets, many at once: a gateway asks about every request to the API behind it.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::super::engine::batcher::Batcher;
use super::super::engine::dedicated_connection::DedicatedConnection;
use super::super::engine::error::StoreError;
use super::super::engine::manager::Manager;
use super::credential_holders::{self, HeldCredential, SecretLookup};
use crate::domain::secret::Digest;
use crate::domain::time::Clock;
use crate::supervise::Tasks;

/// How long a request waits before it is told to come back later.
const TIMEOUT: Duration = Duration::from_secs(5);
/// One talks to the database while the other gathers.
const THREADS: usize = 2;

type LookupResult = Result<Option<HeldCredential>, StoreError>;

pub(in crate::store) struct Job {
    secret: Digest,
    answer: oneshot::Sender<LookupResult>,
}

/// The way to the threads that look.
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
        let late = |_| StoreError::Unavailable("a look at a credential was not done in time".into());
        let dropped = |_| StoreError::Failed("a look at a credential was dropped".to_owned());
        timeout(TIMEOUT, answered).await.map_err(late)?.map_err(dropped)?
    }
}

fn serve(dedicated: &mut DedicatedConnection, _: &Clock, mut batch: Vec<Job>) {
    // Some may have waited in vain while the database was away.
    batch.retain(|job| !job.answer.is_closed());
    if !batch.is_empty() {
        look(dedicated, batch);
    }
}

fn look(dedicated: &mut DedicatedConnection, batch: Vec<Job>) {
    let secrets: Vec<Digest> = batch.iter().map(|job| job.secret).collect();
    match dedicated.begin(|conn| credential_holders::by_secrets(conn, &secrets)) {
        Ok(found) => deliver_all(&found, batch),
        // Something is wrong with one of the rows. One by one, that one alone fails.
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
        // Compared in constant time; the index that found it compares by parts.
        let one = match found.iter().find(|(found, _)| *found == secret) {
            Some((_, Ok(held))) => Ok(Some(held.clone())),
            Some((_, Err(damaged))) => Err(damaged.clone()),
            None => Ok(None),
        };
        // Nobody listens when the client has gone away.
        drop(answer.send(one));
    }
}
