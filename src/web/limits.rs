//! Rate limits that a node counts in memory: sign-ins started per network (each stores a row before any
//! authentication), status polls per pushed request, leak reports per network, and management API requests
//! per credential.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use chrono::TimeDelta;

use super::app::App;
use super::client_address::client_address;
use crate::config;
use crate::domain::network::subscriber;
use crate::domain::rate_policy::{Per, RateLimitExceeded, RatePolicy};
use crate::domain::scope::ScopeSet;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// Capacity. Beyond it, the entries that settle first are dropped.
const MAX_ENTRIES: usize = 10_000;
/// Leak reports per minute and network. A report may contain many secrets.
const LEAKS_PER_MINUTE: i32 = 60;
/// Status polls per minute and pushed request. The CLI makes 20.
const POLLS_PER_MINUTE: i32 = 60;

/// The counters of this node.
#[derive(Debug)]
pub struct Limits {
    sign_ins: Counter<IpAddr>,
    looks: Counter<Digest>,
    api_calls: Counter<String>,
    leak_reports: Counter<IpAddr>,
}

impl Limits {
    pub fn new(limits: config::Limits) -> Self {
        Self {
            sign_ins: Counter::per_minute("sign-ins", limits.sign_ins_per_minute),
            looks: Counter::per_minute("pushed-request-status", POLLS_PER_MINUTE),
            api_calls: Counter::per_minute("api", limits.api_requests_per_minute),
            leak_reports: Counter::per_minute("leaked-secrets", LEAKS_PER_MINUTE),
        }
    }

    /// Counts a status poll of a pushed request, or refuses it.
    pub fn poll_pushed_request(&self, request_uri: Digest, now: Time) -> Result<(), RateLimitExceeded> {
        self.looks.take(request_uri, now)
    }

    /// Counts a management API request of a credential, or refuses it.
    pub fn call_api(&self, credential_id: &str, now: Time) -> Result<(), RateLimitExceeded> {
        self.api_calls.take(credential_id.to_owned(), now)
    }
}

/// Rate counters by key.
#[derive(Debug)]
struct Counter<K> {
    /// Without scopes or routes.
    policy: RatePolicy,
    settled: Mutex<HashMap<K, Time>>,
}

impl<K: Eq + Hash> Counter<K> {
    fn per_minute(name: &str, limit: i32) -> Self {
        let policy = RatePolicy {
            name: name.to_owned(),
            limit,
            window: TimeDelta::minutes(1),
            per: Per::Credential,
            scopes: ScopeSet::default(),
            routes: Vec::new(),
            ignore_case: false,
        };
        Self { policy, settled: Mutex::default() }
    }

    fn take(&self, key: K, now: Time) -> Result<(), RateLimitExceeded> {
        let rate = self.policy.rate();
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let before = settled.get(&key).copied();
        if let Some(retry_after) = rate.wait(before, now) {
            return Err(RateLimitExceeded { quota: self.policy.quota(before, now), retry_after });
        }
        if before.is_none() && settled.len() >= MAX_ENTRIES {
            make_room(&mut settled, now);
        }
        settled.insert(key, rate.spend(before, now));
        Ok(())
    }
}

/// Drops settled entries, and if they are few, the half that settles first. Not counting new keys instead
/// would leave them without a limit while the table is full.
fn make_room<K: Eq + Hash>(settled: &mut HashMap<K, Time>, now: Time) {
    settled.retain(|_, at| *at > now);
    if settled.len() > MAX_ENTRIES / 2 {
        let mut ends: Vec<Time> = settled.values().copied().collect();
        let middle = ends.len() / 2;
        let (_, end, _) = ends.select_nth_unstable(middle);
        settled.retain(|_, at| *at > *end);
    }
}

/// Counts a request that starts a sign-in, or refuses it.
pub fn begin_sign_in(app: &App, request: &HttpRequest) -> Result<(), RateLimitExceeded> {
    match client_address(request, &app.config.server.trusted_proxies) {
        Some(address) => app.limits.sign_ins.take(subscriber(address), app.now()),
        None => Ok(()),
    }
}

/// Counts a leak report, or refuses it.
pub fn report_leaks(app: &App, request: &HttpRequest) -> Result<(), RateLimitExceeded> {
    let Some(address) = client_address(request, &app.config.server.trusted_proxies) else { return Ok(()) };
    app.limits.leak_reports.take(subscriber(address), app.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000).unwrap()
    }

    #[test]
    fn each_network_has_a_limit_of_its_own() {
        let limits = Counter::per_minute("test", 2);
        let take = |text: &str, now| {
            let network = subscriber(text.parse::<IpAddr>().unwrap());
            limits.take(network, at(now)).map_err(|exceeded| exceeded.retry_after)
        };
        assert_eq!(take("2001:db8::1", 0), Ok(()));
        assert_eq!(take("2001:db8::2", 0), Ok(()));
        assert_eq!(take("2001:db8::3", 0), Err(30));
        assert_eq!(take("2001:db8:1::3", 0), Ok(()));
        assert_eq!(take("2001:db8::3", 30), Ok(()));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let limits = Counter::per_minute("test", 60);
        for n in 0..=MAX_ENTRIES {
            assert!(limits.take(n, at(i64::try_from(n / 1000).unwrap())).is_ok());
        }
        assert!(limits.settled.lock().unwrap().len() <= MAX_ENTRIES);
    }

    #[test]
    fn cb_05_whoever_comes_when_the_memory_is_full_is_counted_too() {
        let limits = Counter::per_minute("test", 2);
        let busy = usize::MAX;
        assert!(limits.take(busy, at(0)).is_ok() && limits.take(busy, at(0)).is_ok());
        for n in 0..2 * MAX_ENTRIES {
            assert!(limits.take(n, Time::from_micros(i64::try_from(n).unwrap()).unwrap()).is_ok());
        }
        assert!(limits.settled.lock().unwrap().len() <= MAX_ENTRIES);
        assert!(limits.take(busy, at(1)).is_err(), "the one with the most to be forgotten is remembered");
        let new = usize::MAX - 1;
        assert!(limits.take(new, at(1)).is_ok() && limits.take(new, at(1)).is_ok());
        assert!(limits.take(new, at(1)).is_err());
    }

    #[test]
    fn each_credential_has_a_limit_of_its_own_that_is_named() {
        let limits = Limits::new(config::Limits { sign_ins_per_minute: 1, api_requests_per_minute: 2 });
        assert_eq!(limits.call_api("key_1", at(0)), Ok(()));
        assert_eq!(limits.call_api("key_1", at(0)), Ok(()));
        let exceeded = limits.call_api("key_1", at(0)).unwrap_err();
        assert_eq!(
            (exceeded.quota.policy.as_str(), exceeded.quota.remaining, exceeded.retry_after),
            ("api", 0, 30)
        );
        assert_eq!(limits.call_api("key_2", at(0)), Ok(()));
    }
}
