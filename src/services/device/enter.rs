//! A person enters the code that their device shows.
//!
//! Only wrong codes are counted, for the person who is signed in and for their network. The count of a network stops only
//! those who have entered a wrong code themselves, so nobody else's guesses keep a person from their own device. Counts are
//! locked before the code is looked up and written in the same transaction, so a burst gets as many tries as one after the
//! other.

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

/// What came of a code.
#[derive(Debug)]
pub enum EntryOutcome {
    /// The request with this id waits for its answer in this browser.
    Request(String),
    /// The code has ended, was answered, or was never issued; which of them is not said.
    Wrong,
    /// Too many wrong ones; try again in so many seconds.
    Wait(i64),
}

/// Looks a code up for a person who is signed in. If they cannot approve it in any of their organizations, it is
/// answered with that, so that the device does not go on asking. `address` is what guesses are counted by.
pub fn enter(
    work: &mut Work<'_>,
    config: &Config,
    master: &MasterKey,
    typed: &str,
    answerer: &Responder,
    address: Option<IpAddr>,
) -> Result<EntryOutcome, StoreError> {
    let Responder { session, origin, .. } = answerer;
    // What cannot be a code is a slip, not a guess.
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

/// The wrong codes of a person, and then of a network, which nobody else counts until the transaction ends.
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

    /// Counts a wrong code. The one that uses up what is allowed is recorded: somebody may be guessing.
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
