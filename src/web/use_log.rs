//! The queue of the usage log.
//!
//! A handler notes the presented credential as soon as it is known; with the response, the envelope queues
//! the use. One task writes the queue to the database, completely at a clean stop. A killed process loses
//! less than a second of uses. While the database is unavailable the queue fills; then requests wait a
//! limited time for a free slot, after which the use is lost and logged. From then on no request waits until
//! there is a free slot again.

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

/// Capacity of the queue.
const QUEUE: usize = 8192;
/// How long a request waits for a free slot.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Sending side of the queue.
#[derive(Debug, Clone)]
pub struct UseLog {
    queue: mpsc::Sender<Use>,
    /// Whether a wait for a slot has timed out and there was none since.
    full: Arc<AtomicBool>,
    denied: Arc<Mutex<DeniedDetail>>,
}

impl UseLog {
    /// Sending and receiving side of a new queue.
    pub fn new() -> (Self, mpsc::Receiver<Use>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        (Self { queue: sender, full: Arc::default(), denied: Arc::default() }, queue)
    }

    /// Whether a use is stored in detail.
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

/// The credential and endpoint of the current request's use.
#[derive(Debug)]
struct NotedCredential {
    credential: CredentialRef,
    endpoint: Option<String>,
}

/// Notes the presented credential of a request, accepted or not.
pub fn note(request: &HttpRequest, credential: CredentialRef) {
    request.extensions_mut().insert(NotedCredential { credential, endpoint: None });
}

/// [`note`] for another endpoint: the one behind a gateway that calls verify.
pub fn note_for(request: &HttpRequest, credential: CredentialRef, endpoint: String) {
    request.extensions_mut().insert(NotedCredential { credential, endpoint: Some(endpoint) });
}

/// Queues the use, if a credential was noted.
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
