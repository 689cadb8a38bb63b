//! Entry of the user code that a device shows.
//!
//! Only wrong codes are counted, per signed-in user and per network. The network limit only applies to users
//! who have entered a wrong code themselves, so other people's guesses do not lock anyone out. Counts are
//! locked before the lookup and written in the same transaction, so parallel requests get no more attempts
//! than sequential ones.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::code::hash;
use super::decide::{Decision, Responder, decide};
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::device::DeviceStatus;
use crate::domain::network::subscriber;
use crate::domain::rate::Rate;
use crate::domain::secret::Digest;
use crate::domain::time::Time;
use crate::domain::user_code::UserCode;
use crate::keys::master::{MasterKey, Purpose};
use crate::store::{StoreError, Work, device_requests as requests, rates};

const BY_PERSON: Rate = Rate::new(10, TimeDelta::minutes(15));
const BY_NETWORK: Rate = Rate::new(30, TimeDelta::minutes(15));

/// Outcome of a code entry.
#[derive(Debug)]
pub enum EntryOutcome {
    /// The request with this id, now bound to this browser.
    Request(String),
    /// Expired, answered or never issued; the page does not say which.
    Wrong,
    /// Too many wrong codes; seconds until the next attempt.
    Wait(i64),
}

/// Looks up a user code for a signed-in user. If they can approve it for none of their organizations, it is
/// answered with that, so that the device stops polling. Guesses are counted by `address`.
pub fn enter(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    typed: &str,
    answerer: &Responder,
    address: Option<IpAddr>,
) -> Result<EntryOutcome, StoreError> {
    let Responder { session, origin, .. } = answerer;
    // Malformed input is a typo, not a guess.
    let Some(code) = UserCode::parse(typed) else { return Ok(EntryOutcome::Wrong) };
    let guesses = GuessLimits::lock(work, master, &session.user_id, address)?;
    if let Some(seconds) = guesses.wait(work) {
        return Ok(EntryOutcome::Wait(seconds));
    }
    let found = requests::lock_user_code(work.conn, hash(master, &code))?;
    let Some(request) =
        found.filter(|request| request.status == DeviceStatus::Open && work.now < request.expires_at)
    else {
        guesses.count(work, &session.user_id, origin)?;
        return Ok(EntryOutcome::Wrong);
    };
    requests::bind(work.conn, &request.id, session.hash)?;
    decide(work, config, master, &request.id, answerer, &Decision::Refuse)?;
    Ok(EntryOutcome::Request(request.id))
}

/// Locked counters of wrong codes: first the user's, then the network's.
struct GuessLimits(Vec<(Digest, Rate, Time)>);

impl GuessLimits {
    fn lock(
        work: &mut Work<'_>,
        master: &MasterKey,
        user_id: &str,
        address: Option<IpAddr>,
    ) -> Result<Self, StoreError> {
        let network = address.map(|address| subscriber(address).to_string());
        let counted = [
            Some(("person", user_id, BY_PERSON)),
            network.as_deref().map(|network| ("network", network, BY_NETWORK)),
        ];
        let mut rows = Vec::new();
        for (kind, name, rate) in counted.into_iter().flatten() {
            let parts = ["device codes", kind, name].map(str::as_bytes);
            let key = master.pseudonym(Purpose::Throttle, &parts);
            rows.push((key, rate, rates::lock(work.conn, key, work.now)?));
        }
        Ok(Self(rows))
    }

    fn wait(&self, work: &Work<'_>) -> Option<i64> {
        let made_none = self.0.first().is_none_or(|(_, _, settled_at)| *settled_at <= work.now);
        if made_none {
            return None;
        }
        self.0.iter().filter_map(|(_, rate, settled_at)| rate.wait(Some(*settled_at), work.now)).max()
    }

    /// Counts a wrong code. Reaching the limit is recorded as an audit event, because it may be guessing.
    fn count(&self, work: &mut Work<'_>, user_id: &str, origin: &Origin) -> Result<(), StoreError> {
        let mut used_up = false;
        for (key, rate, settled_at) in &self.0 {
            let after = rate.spend(Some(*settled_at), work.now);
            rates::set(work.conn, *key, after)?;
            used_up |= rate.wait(Some(after), work.now).is_some();
        }
        if used_up {
            tracing::warn!(user = user_id, "device codes are being guessed");
            let event = Event::new(Action::DeviceCodesGuessed, Actor::User(user_id.to_owned()), origin);
            work.record(event.refused());
        }
        Ok(())
    }
}
