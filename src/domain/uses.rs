//! What is kept of each use of a credential.

use std::collections::BTreeMap;

use super::subject::SubjectId;
use super::text_enum::text_enum;
use super::time::Time;

text_enum! {
    /// Whether a credential opened what it was presented for.
    UseOutcome {
        Allowed = "allowed",
        Denied = "denied",
    }
}

impl UseOutcome {
    /// What an HTTP status says of the credential. Any other failure is not the credential's.
    pub fn of(status: u16) -> Self {
        match status {
            401 | 403 | 429 => Self::Denied,
            _ => Self::Allowed,
        }
    }
}

/// Which credential was presented, and whose it is.
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
    /// `GET /api/v1/whoami`: the method and the pattern of the path, which holds no secret.
    pub endpoint: String,
    pub outcome: UseOutcome,
    pub status: u16,
    pub ip: Option<String>,
    pub request_id: String,
}

/// What uses are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    pub org_id: String,
    /// `2026-11-23`, in UTC.
    pub day: String,
    pub credential_id: String,
    pub endpoint: String,
    pub outcome: &'static str,
}

/// How often each was used, in an order that is the same on every node, so that none waits for another in a circle.
pub fn counts(uses: &[Use]) -> BTreeMap<Counted, i64> {
    let mut counts = BTreeMap::new();
    for used in uses {
        let counted = Counted {
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
            outcome: UseOutcome::of(status),
            status,
            ip: None,
            request_id: String::new(),
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
    fn the_latest_use_is_kept_whatever_the_order() {
        let uses = [used("a", 1, 200), used("a", 3, 200), used("a", 2, 200)];
        assert_eq!(latest(&uses)["a"].at, uses[1].at);
    }
}
