//! The limits that all networks share when they try passwords of one account: per day and per minute.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// Wrong attempts of all networks in any 24 hours.
pub(super) const DAY: u32 = 1000;
/// Daily limit for a network that has tried before;
const DAY_AGAIN: u32 = 900;
/// after this many wrong attempts of its own,
const MANY_WRONG: i64 = 5;
/// this limit applies.
const DAY_AFTER_MANY: u32 = 500;
/// Attempts of quiet networks per minute of the clock.
pub(super) const MINUTE: usize = 20;

const HOUR_SECONDS: i64 = 3600;
const MINUTE_SECONDS: i64 = 60;
/// The current hour and the 24 before it, so that no 24 hours contain more than [`DAY`].
const HOURS: i64 = 25;
/// Minutes by which clocks of nodes may differ. A stored minute further ahead is from before the clock was set back.
const CLOCKS_DIFFER: i64 = 5;

/// Attempts at one account from unknown devices. A few hundred bytes, at most 4 KiB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Attempts per hour since 1970, oldest first.
    hours: Vec<(i64, u32)>,
    /// The current minute since 1970.
    minute: i64,
    /// Units of this minute that were taken.
    taken: usize,
    /// Networks with a reserved unit of this minute that they have not used.
    #[serde(with = "networks")]
    winners: Vec<Digest>,
    /// The networks that drew the smallest numbers in this minute, for the next one.
    #[serde(with = "networks")]
    asked: Vec<Digest>,
}

/// The units that an attempt took, to give them back after the right password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenUnit {
    at: Time,
    /// Time of the previous attempt of its source.
    last_before: Option<Time>,
    /// The minute whose unit it took.
    minute: Option<i64>,
}

impl TakenUnit {
    pub(super) fn of_source(before: Option<Source>, at: Time) -> Self {
        Self { at, last_before: before.map(|source| source.last_at), minute: None }
    }

    /// Adds the unit of the minute that an attempt of a quiet network took.
    pub(super) fn with_minute(self, minute: Option<i64>) -> Self {
        Self { minute, ..self }
    }

    /// Returns the unit of the source.
    pub fn return_to(&self, source: &mut Option<Source>) {
        *source = source.and_then(|source| source.returned(self.at, self.last_before));
    }
}

impl Account {
    /// Advances to the current minute. Returns the networks that had a reserved unit and did not use it. They are
    /// no longer quiet, see [`Account::no_show`].
    #[must_use]
    pub fn advance_minute(&mut self, now: Time) -> Vec<Digest> {
        let hour = now.seconds().div_euclid(HOUR_SECONDS);
        self.hours.retain(|(known, _)| *known > hour - HOURS && *known <= hour + 1);
        let minute = now.seconds().div_euclid(MINUTE_SECONDS);
        let behind = minute - self.minute;
        if behind == 0 || (-CLOCKS_DIFFER..0).contains(&behind) {
            return Vec::new();
        }
        let mut passed = std::mem::take(&mut self.winners);
        let asked = std::mem::take(&mut self.asked);
        match behind {
            1 => self.winners = asked,
            2.. => passed.extend(asked),
            // The clock was set back, so no reservation has expired.
            _ => passed.clear(),
        }
        (self.minute, self.taken) = (minute, 0);
        passed
    }

    /// The new state of a network that did not use its reserved unit.
    pub fn no_show(source: Option<Source>, now: Time) -> Source {
        Source::after(source.and_then(|source| source.still_counts(now)), now)
    }

    pub(super) fn minute(&self) -> i64 {
        self.minute
    }

    /// Takes a unit for a quiet network. If none is left, draws for the next minute and returns the seconds until it as
    /// `Err`.
    pub(super) fn admit_quiet(&mut self, network: Digest, now: Time) -> Result<(), i64> {
        let held = self.winners.len();
        self.winners.retain(|winner| *winner != network);
        let has_won = self.winners.len() < held;
        self.within_day(DAY, now)?;
        if !has_won && self.taken + self.winners.len() >= MINUTE {
            self.draw(network);
            return Err((self.minute + 1) * MINUTE_SECONDS - now.seconds());
        }
        self.taken += 1;
        self.count(now);
        Ok(())
    }

    /// Takes a unit for a network that has tried before; `Err` holds the seconds to wait.
    pub(super) fn admit_again(&mut self, source: Source, now: Time) -> Result<(), i64> {
        self.within_day(if source.wrong < MANY_WRONG { DAY_AGAIN } else { DAY_AFTER_MANY }, now)?;
        self.count(now);
        Ok(())
    }

    fn within_day(&self, most: u32, now: Time) -> Result<(), i64> {
        let mut used: u32 = self.hours.iter().map(|(_, tries)| tries).sum();
        for (hour, tries) in &self.hours {
            if used < most {
                break;
            }
            used -= tries;
            if used < most {
                return Err(((hour + HOURS) * HOUR_SECONDS - now.seconds()).max(1));
            }
        }
        Ok(())
    }

    fn count(&mut self, now: Time) {
        let hour = now.seconds().div_euclid(HOUR_SECONDS);
        match self.hours.iter_mut().find(|(known, _)| *known == hour) {
            Some((_, tries)) => *tries += 1,
            None => self.hours.push((hour, 1)),
        }
        self.hours.sort_unstable();
    }

    /// Keeps the networks with the smallest numbers. A network draws only once per minute, always the same number.
    fn draw(&mut self, network: Digest) {
        if self.asked.contains(&network) {
            return;
        }
        self.asked.push(network);
        let minute = self.minute;
        self.asked.sort_by_cached_key(|network| number(network, minute));
        self.asked.truncate(MINUTE);
    }

    /// Returns the units of an attempt.
    pub fn give_back(&mut self, taken: &TakenUnit) {
        let hour = taken.at.seconds().div_euclid(HOUR_SECONDS);
        if let Some((_, tries)) = self.hours.iter_mut().find(|(known, _)| *known == hour) {
            *tries = tries.saturating_sub(1);
        }
        self.hours.retain(|(_, tries)| *tries > 0);
        if taken.minute == Some(self.minute) {
            self.taken = self.taken.saturating_sub(1);
        }
    }

    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.winners.is_empty() && self.asked.is_empty() && self.taken == 0
    }

    /// When nothing in this state counts any longer.
    pub fn due_at(&self, now: Time) -> Time {
        let hours = self.hours.last().map_or(0, |(hour, _)| (hour + HOURS) * HOUR_SECONDS);
        let end = hours.max((self.minute + CLOCKS_DIFFER) * MINUTE_SECONDS);
        now + TimeDelta::seconds((end - now.seconds()).max(0))
    }
}

/// The number that a network draws. Unpredictable to outsiders, because the key of the network is secret.
fn number(network: &Digest, minute: i64) -> u64 {
    let drawn = Digest::of_bytes(&[network.as_bytes(), &minute.to_be_bytes()].concat());
    drawn.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Serializes keys of networks in base64url.
mod networks {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::domain::secret::Digest;

    pub(super) fn serialize<S: Serializer>(networks: &[Digest], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(networks.iter().map(|network| URL_SAFE_NO_PAD.encode(network.as_bytes())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let network = |text: String| Digest::from_bytes(&URL_SAFE_NO_PAD.decode(text).ok()?);
        texts.into_iter().map(|text| network(text).ok_or_else(|| D::Error::custom("not a digest"))).collect()
    }
}
