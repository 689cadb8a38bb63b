//! Uses of credentials: what is recorded of each.

use std::collections::{BTreeMap, HashMap};

use super::subject::SubjectId;
use super::text_enum::text_enum;
use super::time::Time;

text_enum! {
    /// Whether the credential was accepted.
    UseOutcome {
        Allowed = "allowed",
        Denied = "denied",
    }
}

impl UseOutcome {
    /// The outcome by HTTP status. Statuses other than 401, 403 and 429 are not about the credential.
    pub fn from_status(status: u16) -> Self {
        match status {
            401 | 403 | 429 => Self::Denied,
            _ => Self::Allowed,
        }
    }
}

/// The presented credential and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRef {
    pub id: String,
    pub org_id: String,
    pub owner: SubjectId,
}

/// One use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub at: Time,
    pub credential: CredentialRef,
    /// Method and path pattern without secrets, such as `GET /api/v1/whoami`.
    pub endpoint: String,
    pub outcome: UseOutcome,
    pub status: u16,
    pub ip: Option<String>,
    pub request_id: String,
    /// Whether it gets a row of its own, or is only counted.
    pub detailed: bool,
}

/// Counts the denied uses per credential that are recorded in detail in the current minute. Denied uses cost their
/// sender nothing and would otherwise fill the log.
#[derive(Debug, Default)]
pub struct DeniedDetail {
    minute: i64,
    kept: HashMap<String, u32>,
}

impl DeniedDetail {
    /// Whether to record another denied use of this credential in detail; at most `most` per minute.
    pub fn takes(&mut self, credential_id: &str, at: Time, most: u32) -> bool {
        let minute = at.seconds().div_euclid(60);
        if minute != self.minute {
            self.kept.clear();
            self.minute = minute;
        }
        if let Some(kept) = self.kept.get_mut(credential_id) {
            *kept = kept.saturating_add(1);
            return *kept <= most;
        }
        self.kept.insert(credential_id.to_owned(), 1);
        most > 0
    }
}

/// The key of a usage count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountKey {
    pub org_id: String,
    /// UTC day, such as `2026-11-23`.
    pub day: String,
    pub credential_id: String,
    pub endpoint: String,
    pub outcome: &'static str,
}

/// Number of uses by key. Sorted, so that all nodes lock the rows in the same order and do not deadlock.
pub fn counts(uses: &[Use]) -> BTreeMap<CountKey, i64> {
    let mut counts = BTreeMap::new();
    for used in uses {
        let counted = CountKey {
            org_id: used.credential.org_id.clone(),
            day: used.at.day(),
            credential_id: used.credential.id.clone(),
            endpoint: used.endpoint.clone(),
            outcome: used.outcome.as_str(),
        };
        *counts.entry(counted).or_default() += 1;
    }
    counts
}

/// The latest use of each credential.
pub fn latest(uses: &[Use]) -> BTreeMap<&str, &Use> {
    let mut latest: BTreeMap<&str, &Use> = BTreeMap::new();
    for used in uses {
        let known = latest.entry(&used.credential.id).or_insert(used);
        if known.at < used.at {
            *known = used;
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(credential: &str, micros: i64, status: u16) -> Use {
        Use {
            at: Time::from_micros(micros).unwrap(),
            credential: CredentialRef {
                id: credential.to_owned(),
                org_id: "org_1".to_owned(),
                owner: SubjectId::User("usr_1".to_owned()),
            },
            endpoint: "GET /".to_owned(),
            outcome: UseOutcome::from_status(status),
            status,
            ip: None,
            request_id: String::new(),
            detailed: true,
        }
    }

    #[test]
    fn uses_are_counted_by_day_and_outcome() {
        let day = 86_400_000_000;
        let uses =
            [used("a", 0, 200), used("a", 1, 404), used("a", 2, 403), used("a", day, 200), used("b", 0, 200)];
        let counts = counts(&uses);
        let flat: Vec<_> = counts
            .iter()
            .map(|(by, n)| (by.day.as_str(), by.credential_id.as_str(), by.outcome, *n))
            .collect();
        assert_eq!(
            flat,
            [
                ("1970-01-01", "a", "allowed", 2),
                ("1970-01-01", "a", "denied", 1),
                ("1970-01-01", "b", "allowed", 1),
                ("1970-01-02", "a", "allowed", 1),
            ]
        );
    }

    #[test]
    fn cb_07_denied_uses_in_detail_are_limited_per_credential_and_minute() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000).unwrap();
        let mut detail = DeniedDetail::default();
        let kept = |detail: &mut DeniedDetail, id: &str, seconds: i64| {
            (0..100).filter(|_| detail.takes(id, at(seconds), 10)).count()
        };
        assert_eq!(kept(&mut detail, "key_1", 30), 10);
        assert_eq!(kept(&mut detail, "key_1", 59), 0);
        assert_eq!(kept(&mut detail, "key_2", 59), 10, "the limit is per credential");
        assert_eq!(kept(&mut detail, "key_1", 60), 10);
        assert_eq!(detail.kept.len(), 1, "only the current minute is kept");
        assert!(!detail.takes("key_3", at(60), 0));
    }

    #[test]
    fn the_latest_use_is_kept_whatever_the_order() {
        let uses = [used("a", 1, 200), used("a", 3, 200), used("a", 2, 200)];
        assert_eq!(latest(&uses)["a"].at, uses[1].at);
    }
}
