//! Rate policies of which nothing is left, so that those who go on asking cost the database nothing.
//!
//! What is refused is not counted, so while nothing is left, no node changes what the database says: what this node saw
//! there stays true until some of it is there again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::domain::rate_policy::Exceeded;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::services::rate_limits::{Exhausted, RateKey};

/// How many are remembered. The database is asked about the others.
const MAX_ENTRIES: usize = 10_000;

/// By what is counted.
#[derive(Debug, Default)]
pub struct KnownExhausted(Mutex<HashMap<Digest, Known>>);

#[derive(Debug)]
struct Known {
    settled_at: Time,
    /// From then on, some of it is there again.
    until: Time,
}

impl KnownExhausted {
    /// The longest wait of those that are known to have nothing left. Others may have nothing left either.
    pub fn find(&self, counts: &[RateKey], now: Time) -> Option<Exceeded> {
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
            known.insert(exhausted.key, Known { settled_at: exhausted.settled_at, until });
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
