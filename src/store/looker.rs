//! Looks at keys and tokens by their secrets, many at once: a gateway asks about every request to the API behind it.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::batcher::Batcher;
use super::conn::Manager;
use super::error::StoreError;
use super::held::{self, Held};
use super::link::Link;
use crate::domain::secret::Digest;
use crate::domain::time::Clock;

/// Longer than any limit that the database has been given.
const PATIENCE: Duration = Duration::from_secs(15);
/// One talks to the database while the other gathers.
const THREADS: usize = 2;

type Answer = Result<Option<Held>, StoreError>;

pub(super) struct Job {
    secret: Digest,
    answer: oneshot::Sender<Answer>,
}

/// The way to the threads that look.
pub(super) struct Looker(Batcher<Job>);

impl Looker {
    pub(super) fn start(manager: &Manager, clock: &Clock) -> Result<Self, StoreError> {
        Batcher::start("store-looker", THREADS, manager, clock, serve).map(Self)
    }

    pub(super) async fn look(&self, secret: Digest) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.0.submit(Job { secret, answer })?;
        let late = |_| StoreError::Unavailable("a look at a credential was not done in time".to_owned());
        let dropped = |_| StoreError::Failed("a look at a credential was dropped".to_owned());
        timeout(PATIENCE, answered).await.map_err(late)?.map_err(dropped)?
    }
}

fn serve(link: &mut Link, _: &Clock, batch: Vec<Job>) {
    let secrets: Vec<Digest> = batch.iter().map(|job| job.secret).collect();
    let found = link.begin(|conn| held::by_secrets(conn, &secrets));
    if found.is_err() {
        link.close();
    }
    for Job { secret, answer } in batch {
        let one = match &found {
            // Compared in constant time; the index that found it compares by parts.
            Ok(found) => match found.iter().find(|(found, _)| *found == secret) {
                Some((_, Ok(held))) => Ok(Some(held.clone())),
                Some((_, Err(damaged))) => Err(damaged.clone()),
                None => Ok(None),
            },
            Err(error) => Err(error.clone()),
        };
        // Nobody listens when the client has gone away.
        drop(answer.send(one));
    }
}
