//! Rate policies. Counters are in the database, shared by all nodes.

use crate::domain::rate_policy::{Per, Quota, RateLimitExceeded, RatePolicy};
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{RefusalReason, TxError, Work, rates};

use super::authenticate::Principal;

/// A counter: a policy, and the group whose requests are counted together.
#[derive(Clone)]
pub struct RateKey {
    pub key: Digest,
    policy: RatePolicy,
}

impl RateKey {
    /// Time to wait if the quota is used up, given the TAT `settled_at`; `None` if it is not.
    pub fn exceeded(&self, settled_at: Time, now: Time) -> Option<RateLimitExceeded> {
        let retry_after = self.policy.rate().wait(Some(settled_at), now)?;
        Some(RateLimitExceeded { quota: self.policy.quota(Some(settled_at), now), retry_after })
    }

    fn spend(&self, settled_at: Time, now: Time) -> Time {
        self.policy.rate().spend(Some(settled_at), now)
    }
}

/// A used-up quota.
pub struct Exhausted {
    pub key: Digest,
    /// The counter's TAT. It cannot change before quota returns, because refused requests are not counted.
    pub settled_at: Time,
    pub exceeded: RateLimitExceeded,
}

impl RefusalReason for Exhausted {}

/// The counters of a request by this principal, in a fixed order that prevents deadlocks.
pub fn rate_keys(master: &MasterKey, policies: Vec<RatePolicy>, principal: &Principal) -> Vec<RateKey> {
    let mut rate_keys: Vec<RateKey> =
        policies.into_iter().map(|policy| RateKey { key: key(master, &policy, principal), policy }).collect();
    rate_keys.sort_by(|left, right| left.key.as_bytes().cmp(right.key.as_bytes()));
    rate_keys
}

/// Counts a request against all policies and returns what is left of each, or counts none if one is used up.
pub fn count(work: &mut Work<'_>, rate_keys: &[RateKey]) -> Result<Vec<Quota>, TxError<Exhausted>> {
    let now = work.now;
    let mut settled = Vec::with_capacity(rate_keys.len());
    for count in rate_keys {
        settled.push(rates::lock(work.conn, count.key, now)?);
    }
    let exhausted = rate_keys.iter().zip(&settled).filter_map(|(count, &settled_at)| {
        Some(Exhausted { key: count.key, settled_at, exceeded: count.exceeded(settled_at, now)? })
    });
    if let Some(exhausted) = exhausted.max_by_key(|exhausted| exhausted.exceeded.retry_after) {
        return Err(exhausted.into());
    }
    let mut left = Vec::with_capacity(rate_keys.len());
    for (count, settled_at) in rate_keys.iter().zip(settled) {
        let settled_at = count.spend(settled_at, now);
        rates::set(work.conn, count.key, settled_at)?;
        left.push(count.policy.quota(Some(settled_at), now));
    }
    Ok(left)
}

fn key(master: &MasterKey, policy: &RatePolicy, principal: &Principal) -> Digest {
    let whose = match policy.per {
        Per::Credential => &principal.credential.id,
        Per::Organization => &principal.organization.id,
    };
    let parts = ["rate policy", &policy.name, policy.per.as_str(), whose].map(str::as_bytes);
    master.pseudonym(Purpose::Throttle, &parts)
}
