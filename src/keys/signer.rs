//! Signing, on one thread a core.
//!
//! A signature costs a quarter of a millisecond of arithmetic. The threads that answer requests must not spend it, and
//! a pool larger than the machine only adds switching.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::signature::Signer as _;
use tokio::sync::oneshot;

use super::rsa_key::PrivateKey;

/// Messages that may wait for a signature.
const QUEUE: usize = 4096;

struct Job {
    key: Arc<PrivateKey>,
    message: String,
    reply: oneshot::Sender<Option<String>>,
}

/// A token was not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    #[error("too many tokens are waiting for a signature")]
    Busy,
    #[error("the signing key failed")]
    Failed,
}

/// The way to the signing threads. They end when the last handle is dropped.
#[derive(Clone)]
pub struct Signer(SyncSender<Job>);

impl Signer {
    pub fn start(threads: usize) -> std::io::Result<Self> {
        let (sender, queue) = sync_channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = queue.clone();
            thread::Builder::new().name("signer".to_owned()).spawn(move || serve(&queue))?;
        }
        Ok(Self(sender))
    }

    /// Appends the signature to `header.payload`.
    pub async fn sign(&self, key: Arc<PrivateKey>, message: String) -> Result<String, NotSigned> {
        let (reply, signed) = oneshot::channel();
        self.0.try_send(Job { key, message, reply }).map_err(|error| match error {
            TrySendError::Full(_) => NotSigned::Busy,
            TrySendError::Disconnected(_) => NotSigned::Failed,
        })?;
        signed.await.ok().flatten().ok_or(NotSigned::Failed)
    }
}

fn serve(queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { key, mut message, reply }) = next else { return };
        let signed = key.try_sign(message.as_bytes()).ok().map(|signature| {
            message.push('.');
            URL_SAFE_NO_PAD.encode_string(signature, &mut message);
            message
        });
        drop(reply.send(signed));
    }
}
