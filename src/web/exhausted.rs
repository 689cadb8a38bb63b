//! Rate policies of which nothing is left, so that those who go on asking cost the database nothing.
//!
//! What is refused is not counted, so while nothing is left, no node changes what the database says: what this node saw
//! there stays true until some of it is there again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::rate_policy::Exceeded;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::services::rate_limits::{Count, Exhausted};

/// How many are remembered. The database is asked about the others.
const MOST: usize = 10_000;

/// When everything is settled, by what it is counted under.
#[derive(Debug, Default)]
pub struct KnownExhausted(Mutex<HashMap<Digest, Time>>);

impl KnownExhausted {
    /// The longest wait of those that are known to have nothing left.
    pub fn find(&self, counts: &[Count], now: Time) -> Option<Exceeded> {
        let known = self.known();
        let exceeded = counts.iter().filter_map(|count| count.exceeded(*known.get(&count.key)?, now));
        exceeded.max_by_key(|exceeded| exceeded.retry_after)
    }

    pub fn remember(&self, exhausted: &Exhausted, now: Time) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.retain(|_, settled_at| *settled_at > now);
        }
        if known.len() < MOST {
            known.insert(exhausted.key, exhausted.settled_at);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Digest, Time>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
