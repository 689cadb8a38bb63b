//! The way of each use of a credential into the log, which no request waits for.
//!
//! A handler notes which credential it was given, as soon as it is known; once the answer stands, the envelope puts the
//! use into a queue. One task takes the queue to the database, and at a clean stop it takes all of it. A process that is
//! killed loses what was not written yet, which is less than a second of uses. When the database is away the queue
//! fills; then requests wait for a place in it for a while, and only after that a use is lost, which the log says. From
//! then on no request waits, until there is a place again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::time::timeout;

use super::app::App;
use super::{origin, route};
use crate::domain::time::Time;
use crate::domain::usage::{CredentialRef, DeniedDetail, Use, UseOutcome};

/// Uses that may wait to be written.
const QUEUE: usize = 8192;
/// How long a request waits for a place in the queue.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The beginning of the queue.
#[derive(Debug, Clone)]
pub struct UseLog {
    queue: mpsc::Sender<Use>,
    /// Whether somebody has waited for a place in vain, and there has been none since.
    full: Arc<AtomicBool>,
    denied: Arc<Mutex<DeniedDetail>>,
}

impl UseLog {
    /// The two ends of a queue. Whoever has the other one writes.
    pub fn new() -> (Self, mpsc::Receiver<Use>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        (Self { queue: sender, full: Arc::default(), denied: Arc::default() }, queue)
    }

    /// Whether a use is kept in detail.
    fn details(&self, outcome: UseOutcome, credential: &CredentialRef, at: Time, most: u32) -> bool {
        match outcome {
            UseOutcome::Allowed => true,
            UseOutcome::Denied => {
                let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
                denied.takes(&credential.id, at, most)
            }
        }
    }

    async fn record(&self, used: Use) {
        match self.queue.try_send(used) {
            Ok(()) => self.full.store(false, Ordering::Relaxed),
            Err(TrySendError::Closed(used)) => log_lost(&used.credential, "the log of uses is closed"),
            Err(TrySendError::Full(used)) => self.wait(used).await,
        }
    }

    async fn wait(&self, used: Use) {
        let credential = used.credential.clone();
        if self.full.load(Ordering::Relaxed) {
            return log_lost(&credential, "the log of uses is full");
        }
        match timeout(TIMEOUT, self.queue.send(used)).await {
            Ok(Ok(())) => {}
            Ok(Err(SendError(_))) => log_lost(&credential, "the log of uses is closed"),
            Err(_) => {
                self.full.store(true, Ordering::Relaxed);
                log_lost(&credential, "the log of uses is full");
            }
        }
    }
}

fn log_lost(credential: &CredentialRef, why: &str) {
    tracing::error!(credential = credential.id, "a use of a credential was lost: {why}");
}

/// What a handler knows about the use that it serves.
#[derive(Debug)]
struct NotedCredential {
    credential: CredentialRef,
    endpoint: Option<String>,
}

/// Notes which credential came with a request, whether it is let in or not.
pub fn note(request: &HttpRequest, credential: CredentialRef) {
    request.extensions_mut().insert(NotedCredential { credential, endpoint: None });
}

/// Notes the same for another endpoint than the one that was called: the one behind a gateway that asks here.
pub fn note_for(request: &HttpRequest, credential: CredentialRef, endpoint: String) {
    request.extensions_mut().insert(NotedCredential { credential, endpoint: Some(endpoint) });
}

/// Puts the use into the queue, if a credential was noted.
pub(super) async fn record(app: &App, request: &HttpRequest, status: u16, id: &str) {
    let noted = request.extensions_mut().remove::<NotedCredential>();
    let Some(NotedCredential { credential, endpoint }) = noted else { return };
    let here = || {
        let pattern = route::of(request);
        format!("{} {}", request.method(), pattern.as_deref().unwrap_or("(no such path)"))
    };
    let (at, outcome) = (app.now(), UseOutcome::from_status(status));
    let used = Use {
        at,
        detailed: app.uses.details(outcome, &credential, at, app.config.audit.denied_uses_per_minute),
        credential,
        endpoint: endpoint.unwrap_or_else(here),
        outcome,
        status,
        ip: origin::of(app, request).ip,
        request_id: id.to_owned(),
    };
    app.uses.record(used).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::subject::SubjectId;

    fn used() -> Use {
        Use {
            at: Time::from_micros(0).unwrap(),
            credential: CredentialRef {
                id: "key_1".to_owned(),
                org_id: "org_1".to_owned(),
                owner: SubjectId::User("usr_1".to_owned()),
            },
            endpoint: "GET /".to_owned(),
            outcome: UseOutcome::Allowed,
            status: 200,
            ip: None,
            request_id: String::new(),
            detailed: true,
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_queue_that_was_waited_for_in_vain() {
        let (log, mut queue) = UseLog::new();
        for _ in 0..QUEUE {
            log.record(used()).await;
        }
        let waits = async || timeout(TIMEOUT / 2, log.record(used())).await.is_err();
        assert!(waits().await);
        log.record(used()).await;
        assert!(!waits().await, "one has waited in vain");
        queue.recv().await;
        assert!(!waits().await, "there is a place");
        assert!(waits().await, "there had been one");
    }
}
