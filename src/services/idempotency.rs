//! `Idempotency-Key`: a repeated request gets the stored response and is not executed again.
//!
//! The key is claimed in the transaction of the change, so that of concurrent equal requests one is executed
//! and the others wait for its response. A response may contain a new secret, so it is stored encrypted under
//! the master key.

use chrono::TimeDelta;

use crate::domain::secret::Digest;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::idempotency_records::{self, IdempotencyRecord};
use crate::store::{StoreError, Work};

/// How long a response is stored.
const RETENTION: TimeDelta = TimeDelta::hours(24);

/// Identity of a request with an idempotency key.
#[derive(Debug, Clone, Copy)]
pub struct Idempotency {
    key: Digest,
    request: Digest,
}

/// A response, to store or to replay. It may contain a new secret, so it has no `Debug`.
pub struct StoredResponse {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Result of claiming an idempotency key.
pub enum ClaimOutcome {
    /// First use: execute the request, then [`Idempotency::store`] the response or [`Idempotency::release`]
    /// the key.
    New,
    Again(StoredResponse),
    /// The key was used with another request.
    Conflict,
}

impl Idempotency {
    /// A key is scoped to a credential and a path. `request` is the digest of the body.
    pub fn new(master: &MasterKey, credential_id: &str, path: &str, key: &str, request: Digest) -> Self {
        let parts = [credential_id, path, key].map(str::as_bytes);
        Self { key: Digest::of_mac(master.mac(Purpose::Idempotency, &parts)), request }
    }

    pub fn claim(self, work: &mut Work<'_>, master: &MasterKey) -> Result<ClaimOutcome, StoreError> {
        let ends = work.now + RETENTION;
        if idempotency_records::claim(work.conn, self.key, self.request, ends)? {
            return Ok(ClaimOutcome::New);
        }
        let Some(record) = idempotency_records::find(work.conn, self.key)? else {
            return Err(StoreError::Unavailable("an idempotency record was released just now".into()));
        };
        if record.expires_at <= work.now {
            idempotency_records::delete(work.conn, self.key)?;
            // Another request may have found it expired too.
            return if idempotency_records::claim(work.conn, self.key, self.request, ends)? {
                Ok(ClaimOutcome::New)
            } else {
                Err(StoreError::Unavailable("an idempotency record was claimed at the same moment".into()))
            };
        }
        if record.request != self.request {
            return Ok(ClaimOutcome::Conflict);
        }
        self.open(master, record).map(ClaimOutcome::Again)
    }

    fn open(self, master: &MasterKey, record: IdempotencyRecord) -> Result<StoredResponse, StoreError> {
        let damaged = || StoreError::Failed("an idempotency record cannot be read".to_owned());
        let sealed = record.sealed.ok_or_else(damaged)?;
        let body = master.open(&self.name(), &sealed).map_err(|_| damaged())?.to_vec();
        let status = record.status.and_then(|status| u16::try_from(status).ok()).ok_or_else(damaged)?;
        Ok(StoredResponse { status, body })
    }

    /// Stores the response.
    pub fn store(
        self,
        work: &mut Work<'_>,
        master: &MasterKey,
        answer: &StoredResponse,
    ) -> Result<(), StoreError> {
        let sealed = master.seal(&self.name(), &answer.body, work.entropy);
        idempotency_records::answer(work.conn, self.key, i64::from(answer.status), &sealed)
    }

    /// Releases the key of a request that changed nothing, so that it can be retried.
    pub fn release(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        idempotency_records::delete(work.conn, self.key)
    }

    /// Associated data that binds the sealed response to its record.
    fn name(self) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        format!("idempotency {}", URL_SAFE_NO_PAD.encode(self.key.as_bytes()))
    }
}
