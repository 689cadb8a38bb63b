//! Failed sign-ins in the audit log.
//!
//! Wrong passwords are free for their sender, while audit events are kept forever. So events are rate
//! limited: the rest is only counted, and the next event has their number. The access log has every one.

use std::net::IpAddr;

use chrono::TimeDelta;

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::counter::Counter;
use crate::domain::network::site;
use crate::domain::rate::Rate;
use crate::domain::secret::Digest;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{StoreError, Work, counters, rates};

/// Limit on audit events per network.
const RECORDED_PER_NETWORK: Rate = Rate::new(30, TimeDelta::hours(1));
/// Limit on audit events in total.
const RECORDED_IN_TOTAL: Rate = Rate::new(1000, TimeDelta::hours(1));

/// Records failures from an address. The limits do not depend on the account. Only a recorded failure takes longer if the
/// account exists, by some inserts, and there are too few of those for anyone to measure it.
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

    /// Records a failure, or only counts it beyond the limits. `user_id` is the account that was tried, if it exists.
    pub(super) fn record(
        self,
        work: &mut Work<'_>,
        user_id: Option<&str>,
        origin: &Origin,
    ) -> Result<(), StoreError> {
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
        if let Some(user_id) = user_id {
            event = event.target(user_id).of_person(Some(user_id));
        }
        let not_recorded = counters::take(work.conn, Counter::SignInFailuresNotRecorded)?;
        if not_recorded > 0 {
            event = event.detail("not_recorded_before", not_recorded);
        }
        work.record(event);
        Ok(())
    }
}
