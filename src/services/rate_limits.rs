//! Counting requests against rate policies. The counts are in the database, so that all nodes share them.

use crate::domain::rate_policy::{Exceeded, Per, Quota, RatePolicy};
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{StoreError, Work, rates};

use super::present::Principal;

/// Counts a request against every policy, and says what is left of each; or against none, if one of them has nothing
/// left.
pub fn count(
    work: &mut Work<'_>,
    master: &MasterKey,
    policies: &[RatePolicy],
    principal: &Principal,
) -> Result<Result<Vec<Quota>, Exceeded>, StoreError> {
    let now = work.now;
    let mut counted = lock(work, master, policies, principal)?;
    let waits = counted.iter().filter_map(|(_, policy, settled_at)| {
        let retry_after = policy.rate().wait(Some(*settled_at), now)?;
        Some(Exceeded { quota: policy.quota(Some(*settled_at), now), retry_after })
    });
    if let Some(exceeded) = waits.max_by_key(|exceeded| exceeded.retry_after) {
        return Ok(Err(exceeded));
    }
    for (key, policy, settled_at) in &mut counted {
        *settled_at = policy.rate().spend(Some(*settled_at), now);
        rates::set(work.conn, *key, *settled_at)?;
    }
    Ok(Ok(counted.iter().map(|(_, policy, settled_at)| policy.quota(Some(*settled_at), now)).collect()))
}

type Counted<'a> = (Digest, &'a RatePolicy, Time);

/// All of them in one order, so that two requests never wait for each other in a circle.
fn lock<'a>(
    work: &mut Work<'_>,
    master: &MasterKey,
    policies: &'a [RatePolicy],
    principal: &Principal,
) -> Result<Vec<Counted<'a>>, StoreError> {
    let mut keys: Vec<(Digest, &RatePolicy)> =
        policies.iter().map(|policy| (key(master, policy, principal), policy)).collect();
    keys.sort_by(|(left, _), (right, _)| left.as_bytes().cmp(right.as_bytes()));
    keys.into_iter().map(|(key, policy)| Ok((key, policy, rates::lock(work.conn, key, work.now)?))).collect()
}

fn key(master: &MasterKey, policy: &RatePolicy, principal: &Principal) -> Digest {
    let whose = match policy.per {
        Per::Credential => &principal.credential.id,
        Per::Organization => &principal.organization.id,
    };
    let parts = ["rate policy", &policy.name, policy.per.as_str(), whose].map(str::as_bytes);
    master.pseudonym(Purpose::Throttle, &parts)
}
