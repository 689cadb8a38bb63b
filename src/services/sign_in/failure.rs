//! Failed sign-ins in the audit log.
//!
//! A wrong password costs its sender nothing, and an event is kept for ever. So only so many are recorded; the others are
//! counted, and the next event says how many they were. The access log has each of them.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::counter::Counter;
use crate::domain::network::site;
use crate::domain::rate::Rate;
use crate::domain::secret::Digest;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{StoreError, Work, counters, rates};

/// What is recorded of one network,
const RECORDED_PER_NETWORK: Rate = Rate::new(30, TimeDelta::hours(1));
/// and of all of them together.
const RECORDED_IN_TOTAL: Rate = Rate::new(1000, TimeDelta::hours(1));

/// By what failures from an address are limited. Nothing here depends on the account, so that the time it takes does not
/// tell whether there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorder {
    network: Digest,
    all: Digest,
}

impl Recorder {
    pub(super) fn new(master: &MasterKey, address: Option<IpAddr>) -> Self {
        let key = |network: &str| {
            let parts = ["failed sign-in", network].map(str::as_bytes);
            master.pseudonym(Purpose::Throttle, &parts)
        };
        let network = address.map_or_else(|| "unknown".to_owned(), |address| site(address).to_string());
        Self { network: key(&network), all: key("") }
    }

    /// Records a failure, or counts it.
    pub(super) fn record(self, work: &mut Work<'_>, origin: &Origin) -> Result<(), StoreError> {
        let (keys, rates) = ([self.network, self.all], [RECORDED_PER_NETWORK, RECORDED_IN_TOTAL]);
        let mut settled = [work.now; 2];
        for (key, at) in keys.iter().zip(&mut settled) {
            *at = rates::lock(work.conn, *key, work.now)?;
        }
        if rates.iter().zip(settled).any(|(rate, at)| rate.wait(Some(at), work.now).is_some()) {
            return counters::increment(work.conn, Counter::SignInFailuresNotRecorded);
        }
        for ((key, rate), at) in keys.into_iter().zip(rates).zip(settled) {
            rates::set(work.conn, key, rate.spend(Some(at), work.now))?;
        }
        let mut event = Event::new(Action::SignInFailed, Actor::Anonymous, origin).refused();
        let not_recorded = counters::take(work.conn, Counter::SignInFailuresNotRecorded)?;
        if not_recorded > 0 {
            event = event.detail("not_recorded_before", not_recorded);
        }
        work.record(event);
        Ok(())
    }
}
