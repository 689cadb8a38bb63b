//! Verification of a hash chain of events.

use super::{RecordedEvent, hash};

/// An event with its hash and the previous one.
#[derive(Debug, Clone)]
pub struct ChainLink {
    pub event: RecordedEvent,
    pub previous_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

/// The head of a chain: sequence number and hash of its last event. The default is an empty chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainHead {
    pub sequence: i64,
    pub hash: Vec<u8>,
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

/// Verifies a chain event by event, from the first one.
#[derive(Debug, Default)]
pub struct ChainVerifier(ChainHead);

impl ChainVerifier {
    /// Sequence number of the last verified event.
    pub fn verified_to(&self) -> i64 {
        self.0.sequence
    }

    /// Verifies the next event.
    pub fn step(&mut self, link: ChainLink) -> Result<(), ChainError> {
        let next = self.0.sequence + 1;
        let fault = if link.event.sequence != next {
            ChainFault::Missing
        } else if link.previous_hash != self.0.hash {
            ChainFault::Unlinked
        } else if hash(&self.0.hash, &link.event)[..] != link.hash[..] {
            ChainFault::Changed
        } else {
            self.0 = ChainHead { sequence: next, hash: link.hash };
            return Ok(());
        };
        Err(ChainError { sequence: next, fault })
    }

    /// Verifies that the chain ends here.
    pub fn end(self, head: &ChainHead) -> Result<(), ChainError> {
        if self.0 == *head {
            Ok(())
        } else if self.0.sequence < head.sequence {
            Err(ChainError { sequence: self.0.sequence + 1, fault: ChainFault::Missing })
        } else {
            Err(ChainError { sequence: self.0.sequence, fault: ChainFault::NotTheHead })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time;

    fn event(sequence: i64) -> RecordedEvent {
        RecordedEvent {
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
        }
    }

    fn chain(length: i64) -> (Vec<ChainLink>, ChainHead) {
        let mut head = ChainHead::default();
        let mut links = Vec::new();
        for sequence in 1..=length {
            let event = event(sequence);
            let hash = hash(&head.hash, &event).to_vec();
            links.push(ChainLink { event, previous_hash: head.hash, hash: hash.clone() });
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
