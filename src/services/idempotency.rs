//! `Idempotency-Key`: a request that comes again gets the answer that it got, and is not done again.
//!
//! The record is taken in the transaction of the act, so that of many equal requests at once one acts and the others wait
//! for its answer. The answer may hold a new secret, so what is kept of it opens only under the master key.

use chrono::TimeDelta;

use crate::domain::secret::Digest;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::idempotency_records::{self, IdempotencyRecord};
use crate::store::{StoreError, Work};

/// How long an answer is given again.
const RETENTION: TimeDelta = TimeDelta::hours(24);

/// What a request that carries a key is known by.
#[derive(Debug, Clone, Copy)]
pub struct Idempotency {
    key: Digest,
    request: Digest,
}

/// An answer, to be kept or to be given again. It may hold a new secret, so it does not print itself.
pub struct StoredResponse {
    pub status: u16,
    pub body: Vec<u8>,
}

/// What to do with a request.
pub enum ClaimOutcome {
    /// It has not come before: act, then [`Idempotency::keep`] the answer or [`Idempotency::release`] the key.
    New,
    Again(StoredResponse),
    /// The key was used for another request.
    Conflict,
}

impl Idempotency {
    /// The key counts for one credential and one path. `request` is the digest of the body.
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
            // Somebody else may have noticed it too.
            return if idempotency_records::claim(work.conn, self.key, self.request, ends)? {
                Ok(ClaimOutcome::New)
            } else {
                Err(StoreError::Unavailable("an idempotency record was taken just now".into()))
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

    /// Keeps the answer of what was done.
    pub fn keep(
        self,
        work: &mut Work<'_>,
        master: &MasterKey,
        answer: &StoredResponse,
    ) -> Result<(), StoreError> {
        let sealed = master.seal(&self.name(), &answer.body, work.entropy);
        idempotency_records::answer(work.conn, self.key, i64::from(answer.status), &sealed)
    }

    /// Nothing was done, so that the same request may be tried again.
    pub fn release(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        idempotency_records::delete(work.conn, self.key)
    }

    /// Binds what is sealed to its record.
    fn name(self) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        format!("idempotency {}", URL_SAFE_NO_PAD.encode(self.key.as_bytes()))
    }
}
