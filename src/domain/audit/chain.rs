//! Verification of a hash chain of events.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Action;
use super::hashing::{ChainEvent, WITH_COMMITMENTS, WITH_VALUES, hash_with_commitments, hash_with_values};
use super::values::{SaltedValue, erased};

/// An event with its hash, the previous one, and the values beside it.
#[derive(Debug, Clone)]
pub struct ChainLink {
    pub event: ChainEvent,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub values: Vec<SaltedValue>,
}

/// The head of a chain: sequence number and hash of its last event. The default is an empty chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainHead {
    pub sequence: i64,
    pub hash: Vec<u8>,
}

/// A chain that verifies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifiedChain {
    pub head: ChainHead,
    /// Number of values that were erased.
    pub erased: usize,
}

/// Why an event breaks the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFault {
    /// The event is missing.
    Missing,
    /// Its previous hash is not that of the event before it.
    Unlinked,
    /// Its hash does not match its content.
    Changed,
    /// A value beside it does not match its commitment.
    ValueChanged,
    /// Its values have moved out, and no later event confirms that.
    Unconfirmed,
    /// The last event is not the head of the chain.
    NotTheHead,
    /// The event comes after the head of the chain.
    BehindTheHead,
}

/// The first event that breaks a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainError {
    pub sequence: i64,
    pub fault: ChainFault,
}

/// What an event `audit.rebased` confirms: the values of these events of [`WITH_VALUES`] moved out, and this is the digest
/// over the events with the commitments to them. It stands in for their hashes, which need the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebased {
    pub from: i64,
    pub through: i64,
    pub digest: String,
    /// The first of them that had been changed before.
    pub broken_at: Option<i64>,
}

impl Rebased {
    pub fn read(event: &ChainEvent) -> Option<Self> {
        if event.action != Action::AuditRebased.as_str() {
            return None;
        }
        let details: Value = serde_json::from_str(&event.details).ok()?;
        Some(Self {
            from: details["from"].as_i64()?,
            through: details["through"].as_i64()?,
            digest: details["digest"].as_str()?.to_owned(),
            broken_at: details["broken_at"].as_i64(),
        })
    }
}

/// The digest over events whose values have moved out, after one more of them.
pub fn rebased_digest(previous: &[u8], event: &ChainEvent) -> Vec<u8> {
    hash_with_commitments(previous, event).to_vec()
}

/// Digest over a run of events whose values have moved out.
#[derive(Debug)]
struct Run {
    claim: Rebased,
    digest: Vec<u8>,
}

/// Verifies a chain event by event, from the first one.
#[derive(Debug, Default)]
pub struct ChainVerifier {
    head: ChainHead,
    erased: usize,
    /// What events of this chain confirm, by the first event that it is about.
    rebased: BTreeMap<i64, Rebased>,
    run: Option<Run>,
    /// Claims that held, and whose event is still to come.
    confirmed: Vec<Rebased>,
}

impl ChainVerifier {
    /// `rebased` has what the events `audit.rebased` of the chain say; they are verified like any other.
    pub fn new(rebased: Vec<Rebased>) -> Self {
        Self { rebased: rebased.into_iter().map(|claim| (claim.from, claim)).collect(), ..Self::default() }
    }

    /// Sequence number of the last verified event.
    pub fn verified_to(&self) -> i64 {
        self.head.sequence
    }

    /// Verifies the next event.
    pub fn step(&mut self, link: ChainLink) -> Result<(), ChainError> {
        let next = self.head.sequence + 1;
        let broken = |fault| ChainError { sequence: next, fault };
        if link.event.sequence != next {
            return Err(broken(ChainFault::Missing));
        }
        if link.previous_hash != self.head.hash {
            return Err(broken(ChainFault::Unlinked));
        }
        self.content(&link)?;
        self.head = ChainHead { sequence: next, hash: link.hash };
        Ok(())
    }

    fn content(&mut self, link: &ChainLink) -> Result<(), ChainError> {
        let event = &link.event;
        let broken = |fault| ChainError { sequence: event.sequence, fault };
        let Some(commitments) = &event.commitments else {
            let matches = event.version == WITH_VALUES
                && link.values.is_empty()
                && hash_with_values(&self.head.hash, event)[..] == link.hash[..];
            return if matches {
                self.outside_of_run(event.sequence)
            } else {
                Err(broken(ChainFault::Changed))
            };
        };
        // Outside of the hash, so nothing may be there.
        if event.ip.is_some() || event.user_agent.is_some() {
            return Err(broken(ChainFault::Changed));
        }
        let missing = erased(commitments, &link.values).map_err(|_| broken(ChainFault::ValueChanged))?.len();
        self.erased += missing;
        match event.version {
            WITH_COMMITMENTS => {
                if hash_with_commitments(&self.head.hash, event)[..] != link.hash[..] {
                    return Err(broken(ChainFault::Changed));
                }
                self.outside_of_run(event.sequence)?;
                match Rebased::read(event) {
                    Some(claim) => self.confirm(event.sequence, &claim),
                    None => Ok(()),
                }
            }
            WITH_VALUES => {
                let whole = event.clone().with_values(&link.values);
                if missing == 0 && hash_with_values(&self.head.hash, &whole)[..] != link.hash[..] {
                    return Err(broken(ChainFault::Changed));
                }
                self.moved(event)
            }
            _ => Err(broken(ChainFault::Changed)),
        }
    }

    /// An event whose values have moved out belongs to a run that ends as a later event says.
    fn moved(&mut self, event: &ChainEvent) -> Result<(), ChainError> {
        let sequence = event.sequence;
        let unconfirmed = ChainError { sequence, fault: ChainFault::Unconfirmed };
        let run = if let Some(run) = self.run.take() {
            run
        } else {
            let claim = self.rebased.remove(&sequence).ok_or(unconfirmed)?;
            Run { claim, digest: Vec::new() }
        };
        let Run { claim, digest } = run;
        if claim.broken_at == Some(sequence) {
            return Err(ChainError { sequence, fault: ChainFault::Changed });
        }
        let digest = rebased_digest(&digest, event);
        if sequence < claim.through {
            self.run = Some(Run { claim, digest });
        } else if hexadecimal(&digest) == claim.digest {
            self.confirmed.push(claim);
        } else {
            return Err(ChainError { sequence: claim.from, fault: ChainFault::Unconfirmed });
        }
        Ok(())
    }

    /// No other event may interrupt a run.
    fn outside_of_run(&self, sequence: i64) -> Result<(), ChainError> {
        match &self.run {
            None => Ok(()),
            Some(_) => Err(ChainError { sequence, fault: ChainFault::Changed }),
        }
    }

    /// The event that confirms a run, which is now verified itself.
    fn confirm(&mut self, sequence: i64, claim: &Rebased) -> Result<(), ChainError> {
        let Some(at) = self.confirmed.iter().position(|confirmed| confirmed == claim) else {
            return Err(ChainError { sequence, fault: ChainFault::Changed });
        };
        self.confirmed.swap_remove(at);
        Ok(())
    }

    /// Verifies that the chain ends here.
    pub fn end(self, head: &ChainHead) -> Result<VerifiedChain, ChainError> {
        if self.head != *head {
            return Err(if self.head.sequence < head.sequence {
                ChainError { sequence: self.head.sequence + 1, fault: ChainFault::Missing }
            } else {
                ChainError { sequence: self.head.sequence, fault: ChainFault::NotTheHead }
            });
        }
        // What was taken as said must have been said by a verified event.
        let unsaid = self.run.map(|run| run.claim).into_iter().chain(self.confirmed).map(|claim| claim.from);
        match unsaid.min() {
            None => Ok(VerifiedChain { head: self.head, erased: self.erased }),
            Some(sequence) => Err(ChainError { sequence, fault: ChainFault::Unconfirmed }),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::values::{PersonalValue, commitments, detail_field};
    use crate::domain::time::Time;

    fn event(sequence: i64) -> ChainEvent {
        ChainEvent {
            id: format!("evt_{sequence}"),
            chain: "org_1".to_owned(),
            sequence,
            at: Time::from_micros(sequence).unwrap(),
            actor_kind: "operator".to_owned(),
            actor_id: None,
            org_id: None,
            credential_id: None,
            action: "user.signed_in".to_owned(),
            target: None,
            outcome: "success".to_owned(),
            ip: None,
            user_agent: None,
            request_id: None,
            details: "{}".to_owned(),
            version: WITH_COMMITMENTS,
            commitments: Some("{}".to_owned()),
        }
    }

    fn value(field: &str, text: &str) -> SaltedValue {
        PersonalValue::new(field.to_owned(), Some("usr_1"), text).salted([7; 32])
    }

    fn hash(previous: &[u8], event: &ChainEvent) -> [u8; 32] {
        match event.version {
            WITH_VALUES => hash_with_values(previous, event),
            _ => hash_with_commitments(previous, event),
        }
    }

    fn append(links: &mut Vec<ChainLink>, event: ChainEvent, values: Vec<SaltedValue>) {
        let previous_hash = links.last().map(|link| link.hash.clone()).unwrap_or_default();
        let hash = hash(&previous_hash, &event).to_vec();
        links.push(ChainLink { event, previous_hash, hash, values });
    }

    /// Three events whose values moved out, and one that confirms it.
    fn rebased_chain() -> Vec<ChainLink> {
        let mut links = Vec::new();
        let details = |sequence| format!("{{\"device\":\"laptop {sequence}\",\"n\":1}}");
        for sequence in 1..=3 {
            let old = ChainEvent {
                version: WITH_VALUES,
                commitments: None,
                ip: Some("192.0.2.1".to_owned()),
                details: details(sequence),
                ..event(sequence)
            };
            append(&mut links, old, Vec::new());
        }
        let mut digest = Vec::new();
        for link in &mut links {
            let device = format!("laptop {}", link.event.sequence);
            link.values = vec![value("ip", "192.0.2.1"), value(&detail_field("device"), &device)];
            link.event.ip = None;
            link.event.details = "{\"n\":1}".to_owned();
            link.event.commitments = Some(commitments(&link.values));
            digest = rebased_digest(&digest, &link.event);
        }
        let details = serde_json::json!({ "from": 1, "through": 3, "digest": hexadecimal(&digest) });
        let action = Action::AuditRebased.as_str().to_owned();
        append(&mut links, ChainEvent { action, details: details.to_string(), ..event(4) }, Vec::new());
        links
    }

    fn judged(links: &[ChainLink]) -> Result<usize, (i64, ChainFault)> {
        let claims = links.iter().filter_map(|link| Rebased::read(&link.event)).collect();
        let last = links.last().unwrap();
        let head = ChainHead { sequence: last.event.sequence, hash: last.hash.clone() };
        let mut walk = ChainVerifier::new(claims);
        links
            .iter()
            .try_for_each(|link| walk.step(link.clone()))
            .and_then(|()| walk.end(&head))
            .map(|verified| verified.erased)
            .map_err(|broken| (broken.sequence, broken.fault))
    }

    #[test]
    fn p_55_values_that_moved_out_verify_as_before_and_after_their_erasure() {
        let mut links = rebased_chain();
        assert_eq!(judged(&links), Ok(0));
        links[1].values.clear();
        assert_eq!(judged(&links), Ok(2));
        links[0].values.pop();
        assert_eq!(judged(&links), Ok(3));
    }

    #[test]
    fn p_55_erasure_hides_no_change() {
        let changed = |change: &dyn Fn(&mut Vec<ChainLink>)| {
            let mut links = rebased_chain();
            links[1].values.clear();
            change(&mut links);
            judged(&links).unwrap_err()
        };
        let unconfirmed = (1, ChainFault::Unconfirmed);
        assert_eq!(changed(&|links| links[1].event.target = Some("usr_2".to_owned())), unconfirmed);
        assert_eq!(changed(&|links| links[1].event.details = "{}".to_owned()), unconfirmed);
        assert_eq!(
            changed(&|links| links[1].event.commitments = Some("{}".to_owned())),
            (2, ChainFault::Changed)
        );
        assert_eq!(changed(&|links| drop(links.pop())), unconfirmed);
        let put = |links: &mut Vec<ChainLink>, value| links[0].values[0] = value;
        assert_eq!(changed(&|links| put(links, value("ip", "192.0.2.2"))), (1, ChainFault::ValueChanged));
        assert_eq!(changed(&|links| links[3].values.push(value("ip", "::1"))), (4, ChainFault::ValueChanged));
        assert_eq!(changed(&|links| links[0].event.outcome = "refused".to_owned()), (1, ChainFault::Changed));
    }

    #[test]
    fn p_55_an_event_hides_behind_no_claim_that_its_values_moved() {
        let mut links = Vec::new();
        (1..=3).for_each(|sequence| append(&mut links, event(sequence), Vec::new()));
        let claim = "{\"from\":2,\"through\":2,\"digest\":\"00\"}".to_owned();
        let action = Action::AuditRebased.as_str().to_owned();
        append(&mut links, ChainEvent { action, details: claim, ..event(4) }, Vec::new());
        assert_eq!(judged(&links), Err((4, ChainFault::Changed)));
        links[1].event.version = WITH_VALUES;
        assert_eq!(judged(&links), Err((2, ChainFault::Changed)));
    }

    fn chain(length: i64) -> (Vec<ChainLink>, ChainHead) {
        let mut head = ChainHead::default();
        let mut links = Vec::new();
        for sequence in 1..=length {
            let event = event(sequence);
            let hash = hash(&head.hash, &event).to_vec();
            links.push(ChainLink { event, previous_hash: head.hash, hash: hash.clone(), values: Vec::new() });
            head = ChainHead { sequence, hash };
        }
        (links, head)
    }

    fn verdict(links: Vec<ChainLink>, head: &ChainHead) -> Result<(), (i64, ChainFault)> {
        let mut walk = ChainVerifier::default();
        links
            .into_iter()
            .try_for_each(|link| walk.step(link))
            .and_then(|()| walk.end(head))
            .map(drop)
            .map_err(|broken| (broken.sequence, broken.fault))
    }

    #[test]
    fn an_unchanged_chain_verifies() {
        let (links, head) = chain(4);
        assert_eq!(verdict(links, &head), Ok(()));
        assert_eq!(verdict(Vec::new(), &ChainHead::default()), Ok(()));
    }

    #[test]
    fn lo_04_every_change_is_found_at_its_event() {
        let tampered = |change: &dyn Fn(&mut Vec<ChainLink>)| {
            let (mut links, head) = chain(4);
            change(&mut links);
            verdict(links, &head).unwrap_err()
        };
        assert_eq!(
            tampered(&|links| links[1].event.outcome = "refused".to_owned()),
            (2, ChainFault::Changed)
        );
        assert_eq!(tampered(&|links| links[1].hash[0] ^= 1), (2, ChainFault::Changed));
        assert_eq!(tampered(&|links| links[1].previous_hash[0] ^= 1), (2, ChainFault::Unlinked));
        assert_eq!(tampered(&|links| drop(links.remove(1))), (2, ChainFault::Missing));
        assert_eq!(tampered(&|links| drop(links.remove(3))), (4, ChainFault::Missing));
        assert_eq!(tampered(&|links| links.swap(1, 2)), (2, ChainFault::Missing));
    }

    #[test]
    fn lo_04_a_recomputed_hash_breaks_the_chain_at_the_next_event() {
        let (mut links, head) = chain(4);
        links[1].event.target = Some("usr_1".to_owned());
        links[1].hash = hash(&links[1].previous_hash, &links[1].event).to_vec();
        assert_eq!(verdict(links, &head), Err((3, ChainFault::Unlinked)));
        let (mut links, head) = chain(4);
        links[3].event.target = Some("usr_1".to_owned());
        links[3].hash = hash(&links[3].previous_hash, &links[3].event).to_vec();
        assert_eq!(verdict(links, &head), Err((4, ChainFault::NotTheHead)));
    }
}
