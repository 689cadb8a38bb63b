//! Counting requests against rate policies. The counts are in the database, so that all nodes share them.

use crate::domain::rate_policy::{Exceeded, Per, Quota, RatePolicy};
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{RefusalReason, TxError, Work, rates};

use super::authenticate::Principal;

/// What a request is counted under: a policy, and whose requests are counted together.
#[derive(Clone)]
pub struct RateKey {
    pub key: Digest,
    policy: RatePolicy,
}

impl RateKey {
    /// How long to wait, if nothing is left of the policy once everything so far is settled at `settled_at`.
    pub fn exceeded(&self, settled_at: Time, now: Time) -> Option<Exceeded> {
        let retry_after = self.policy.rate().wait(Some(settled_at), now)?;
        Some(Exceeded { quota: self.policy.quota(Some(settled_at), now), retry_after })
    }

    fn spend(&self, settled_at: Time, now: Time) -> Time {
        self.policy.rate().spend(Some(settled_at), now)
    }
}

/// Nothing was left of a policy.
pub struct Exhausted {
    pub key: Digest,
    /// It stays so for as long as this says, whoever asks: what is refused is not counted.
    pub settled_at: Time,
    pub exceeded: Exceeded,
}

impl RefusalReason for Exhausted {}

/// What a request of this principal is counted under, in one order, so that two requests never wait for each other in a
/// circle.
pub fn rate_keys(master: &MasterKey, policies: Vec<RatePolicy>, principal: &Principal) -> Vec<RateKey> {
    let mut rate_keys: Vec<RateKey> =
        policies.into_iter().map(|policy| RateKey { key: key(master, &policy, principal), policy }).collect();
    rate_keys.sort_by(|left, right| left.key.as_bytes().cmp(right.key.as_bytes()));
    rate_keys
}

/// Counts a request against every policy, and says what is left of each; or against none, if one of them has nothing
/// left.
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
