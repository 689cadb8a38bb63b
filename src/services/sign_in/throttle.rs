//! Slows guessing down without letting an outsider lock anybody out.
//!
//! Failures are counted for the account from one network (or from one device that has signed in to it before), for the
//! account as a whole, and for the network as a whole. A device that the account knows has a count of its own and is
//! not slowed by what others do.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::domain::network::subscriber;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{Conn, StoreError, Work, throttles};

/// Failures are forgotten when none has come for so long.
const MEMORY: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, Clone, Copy)]
struct Bucket {
    key: Digest,
    /// Failures that cost nothing.
    free: i64,
    /// Seconds of the longest wait.
    longest: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Throttles {
    /// Cleared by a success.
    own: Bucket,
    others: Vec<Bucket>,
}

impl Throttles {
    pub(super) fn new(
        master: &MasterKey,
        account: &str,
        known_device: Option<&str>,
        address: Option<IpAddr>,
    ) -> Self {
        let network = address.map(|address| subscriber(address).to_string()).unwrap_or_default();
        let key = |parts: [&str; 3]| master.pseudonym(Purpose::Throttle, &parts.map(str::as_bytes));
        let network_wide = Bucket { key: key(["network", &network, ""]), free: 100, longest: 300 };
        let account_wide = Bucket { key: key(["account", account, ""]), free: 100, longest: 60 };
        let (own, others) = match known_device {
            Some(device) => (key(["device", account, device]), vec![]),
            None => (key(["pair", account, &network]), vec![account_wide, network_wide]),
        };
        Self { own: Bucket { key: own, free: 10, longest: 900 }, others }
    }

    /// Seconds until the next try is looked at, if it has to wait.
    pub(super) fn wait(&self, conn: &mut Conn, now: Time) -> Result<Option<i64>, StoreError> {
        let mut longest = None;
        for bucket in self.others.iter().chain([&self.own]) {
            if let Some(counted) = throttles::find(conn, bucket.key)? {
                longest = longest.max(remaining(*bucket, counted.failures, counted.updated_at, now));
            }
        }
        Ok(longest)
    }

    pub(super) fn count(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        for bucket in self.others.iter().chain([&self.own]) {
            let stale = throttles::find(work.conn, bucket.key)?
                .is_some_and(|counted| work.now - counted.updated_at >= MEMORY);
            if stale {
                throttles::clear(work.conn, bucket.key)?;
            }
            throttles::count(work.conn, bucket.key, work.now)?;
        }
        Ok(())
    }

    pub(super) fn clear(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        throttles::clear(work.conn, self.own.key)
    }
}

/// One second after the last free failure, then twice as long each time, up to the bucket's longest.
fn remaining(bucket: Bucket, failures: i64, last: Time, now: Time) -> Option<i64> {
    let age = now - last;
    if failures < bucket.free || age >= MEMORY {
        return None;
    }
    let doublings = u32::try_from(failures - bucket.free).unwrap_or(u32::MAX).min(20);
    let delay = TimeDelta::seconds((1_i64 << doublings).min(bucket.longest));
    let left = delay - age.max(TimeDelta::zero());
    (left > TimeDelta::zero()).then(|| (left.num_milliseconds() + 999) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_05_the_wait_doubles_after_ten_failures_and_has_an_end() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        let bucket = Bucket { key: Digest::of(""), free: 10, longest: 900 };
        assert_eq!(remaining(bucket, 9, at(0), at(0)), None);
        assert_eq!(remaining(bucket, 10, at(0), at(0)), Some(1));
        assert_eq!(remaining(bucket, 13, at(0), at(0)), Some(8));
        assert_eq!(remaining(bucket, 13, at(0), at(5)), Some(3));
        assert_eq!(remaining(bucket, 13, at(0), at(8)), None);
        assert_eq!(remaining(bucket, 10_000, at(0), at(0)), Some(900));
        assert_eq!(remaining(bucket, 10_000, at(0), at(3600)), None);
    }
}
