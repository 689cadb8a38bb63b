//! How many sign-ins may be begun from one network. Each leaves a row behind before anybody has proved anything.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpRequest;
use chrono::TimeDelta;

use super::app::App;
use super::client_address::client_address;
use crate::config;
use crate::domain::network::subscriber;
use crate::domain::rate::Rate;
use crate::domain::time::Time;

/// Networks that are remembered before those that have been quiet are forgotten.
const MOST_NETWORKS: usize = 10_000;

/// The network has to wait so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    pub seconds: i64,
}

/// What this node has seen from each network.
#[derive(Debug)]
pub struct Limits {
    rate: Rate,
    settled: Mutex<HashMap<IpAddr, Time>>,
}

impl Limits {
    pub fn new(limits: config::Limits) -> Self {
        Self { rate: Rate::new(limits.sign_ins_per_minute, TimeDelta::minutes(1)), settled: Mutex::default() }
    }

    fn take(&self, address: IpAddr, now: Time) -> Result<(), TooMany> {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let network = subscriber(address);
        let before = settled.get(&network).copied();
        if let Some(seconds) = self.rate.wait(before, now) {
            return Err(TooMany { seconds });
        }
        if settled.len() >= MOST_NETWORKS {
            settled.retain(|_, at| *at > now);
        }
        if before.is_some() || settled.len() < MOST_NETWORKS {
            settled.insert(network, self.rate.spend(before, now));
        }
        Ok(())
    }
}

/// Counts a request that begins a sign-in, unless there have been too many.
pub fn begin_sign_in(app: &App, request: &HttpRequest) -> Result<(), TooMany> {
    match client_address(request, &app.config.server.trusted_proxies) {
        Some(address) => app.limits.take(address, app.now()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_has_a_limit_of_its_own() {
        let limits = Limits::new(config::Limits { sign_ins_per_minute: 2 });
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        assert_eq!(limits.take(ip("2001:db8::1"), at(0)), Ok(()));
        assert_eq!(limits.take(ip("2001:db8::2"), at(0)), Ok(()));
        assert_eq!(limits.take(ip("2001:db8::3"), at(0)), Err(TooMany { seconds: 30 }));
        assert_eq!(limits.take(ip("2001:db8:1::3"), at(0)), Ok(()));
        assert_eq!(limits.take(ip("2001:db8::3"), at(30)), Ok(()));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let limits = Limits::new(config::Limits { sign_ins_per_minute: 60 });
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        for n in 0..=MOST_NETWORKS {
            let network = IpAddr::from(u32::try_from(n).unwrap().to_be_bytes());
            assert_eq!(limits.take(network, at(i64::try_from(n / 1000).unwrap())), Ok(()));
        }
        assert!(limits.settled.lock().unwrap().len() <= MOST_NETWORKS);
    }
}
