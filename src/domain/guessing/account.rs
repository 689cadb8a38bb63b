//! What all networks share that try at one account: the day's tries and the minute's.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// Wrong tries of all networks in any 24 hours.
pub(super) const DAY: u32 = 1000;
/// A network that has tried may try again only while fewer of the day's are used.
const DAY_AGAIN: u32 = 900;
/// And after so many wrong tries,
const MANY_WRONG: i64 = 5;
/// only while fewer than these are.
const DAY_AFTER_MANY: u32 = 500;
/// Tries of quiet networks in a minute of the clock.
pub(super) const MINUTE: usize = 20;

const HOUR_SECONDS: i64 = 3600;
const MINUTE_SECONDS: i64 = 60;
/// The running hour and the 24 before it, so that no 24 hours hold more than [`DAY`].
const HOURS: i64 = 25;
/// Minutes by which clocks of nodes may differ. A minute further ahead was written before the clock was set back.
const CLOCKS_DIFFER: i64 = 5;

/// The tries at one account from devices that it does not know. A few hundred bytes, at most 4 KiB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Tries in each hour since 1970, oldest first.
    hours: Vec<(i64, u32)>,
    /// The running minute since 1970.
    minute: i64,
    /// Units of the minute that were taken.
    taken: usize,
    /// Networks that hold a unit of this minute and have not used it.
    #[serde(with = "networks")]
    winners: Vec<Digest>,
    /// The networks with the smallest numbers drawn in this minute.
    #[serde(with = "networks")]
    asked: Vec<Digest>,
}

/// What a try took, so that it can be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenUnit {
    at: Time,
    /// When its source had tried before.
    last_before: Option<Time>,
    /// The minute whose unit it took.
    minute: Option<i64>,
}

impl TakenUnit {
    pub(super) fn of_source(before: Option<Source>, at: Time) -> Self {
        Self { at, last_before: before.map(|source| source.last_at), minute: None }
    }

    /// With the unit of a minute that all quiet networks share.
    pub(super) fn with_minute(self, minute: Option<i64>) -> Self {
        Self { minute, ..self }
    }

    /// Gives the unit back to its source.
    pub fn return_to(&self, source: &mut Option<Source>) {
        *source = source.and_then(|source| source.returned(self.at, self.last_before));
    }
}

impl Account {
    /// Brings the minute up to date. Returns the networks that held a unit and let their minute pass: they are not quiet
    /// any more, see [`Account::no_show`].
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
            // The clock was set back, and nobody has missed anything.
            _ => passed.clear(),
        }
        (self.minute, self.taken) = (minute, 0);
        passed
    }

    /// What to store of a network that let its unit pass.
    pub fn no_show(source: Option<Source>, now: Time) -> Source {
        Source::after(source.and_then(|source| source.still_counts(now)), now)
    }

    pub(super) fn minute(&self) -> i64 {
        self.minute
    }

    /// Takes a unit for a quiet network, or draws for the next minute.
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

    /// Takes a unit for a network that has tried before.
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

    /// Keeps the networks with the smallest numbers. The same network draws the same number again in this minute.
    fn draw(&mut self, network: Digest) {
        if self.asked.contains(&network) {
            return;
        }
        self.asked.push(network);
        let minute = self.minute;
        self.asked.sort_by_cached_key(|network| number(network, minute));
        self.asked.truncate(MINUTE);
    }

    /// Gives a unit back.
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

    /// Whether nothing has to be remembered.
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.winners.is_empty() && self.asked.is_empty() && self.taken == 0
    }

    /// When nothing of this counts any more.
    pub fn due_at(&self, now: Time) -> Time {
        let hours = self.hours.last().map_or(0, |(hour, _)| (hour + HOURS) * HOUR_SECONDS);
        let end = hours.max((self.minute + CLOCKS_DIFFER) * MINUTE_SECONDS);
        now + TimeDelta::seconds((end - now.seconds()).max(0))
    }
}

/// Unknown outside, because the key of the network is.
fn number(network: &Digest, minute: i64) -> u64 {
    let drawn = Digest::of_bytes(&[network.as_bytes(), &minute.to_be_bytes()].concat());
    drawn.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Keys of networks in base64url.
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
