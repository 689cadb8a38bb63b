//! Cache of used-up rate policies, so that further requests need no database access.
//!
//! Refused requests are not counted, so no node changes a used-up counter: it is valid here until quota
//! returns.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::domain::rate_policy::RateLimitExceeded;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::services::rate_limits::{Exhausted, RateKey};

/// Capacity. The others are looked up in the database.
const MAX_ENTRIES: usize = 10_000;

/// By counter key.
#[derive(Debug, Default)]
pub struct KnownExhausted(Mutex<HashMap<Digest, CachedExhaustion>>);

#[derive(Debug)]
struct CachedExhaustion {
    settled_at: Time,
    /// When quota returns.
    until: Time,
}

impl KnownExhausted {
    /// The longest known wait among the counters; `None` if none is known to be used up.
    pub fn find(&self, counts: &[RateKey], now: Time) -> Option<RateLimitExceeded> {
        let known = self.known();
        let exceeded =
            counts.iter().filter_map(|count| count.exceeded(known.get(&count.key)?.settled_at, now));
        exceeded.max_by_key(|exceeded| exceeded.retry_after)
    }

    pub fn remember(&self, exhausted: &Exhausted, now: Time) {
        let mut known = self.known();
        if known.len() >= MAX_ENTRIES {
            known.retain(|_, known| known.until > now);
        }
        if known.len() < MAX_ENTRIES {
            let until = now + TimeDelta::seconds(exhausted.exceeded.retry_after);
            known.insert(exhausted.key, CachedExhaustion { settled_at: exhausted.settled_at, until });
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, CachedExhaustion>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
