//! The context of a write.

use super::audit::PendingEvent;
use super::engine::conn::Conn;
use crate::domain::audit::Event;
use crate::domain::entropy::Entropy;
use crate::domain::id::IdKind;
use crate::domain::time::Time;

/// The argument of a write closure: a connection inside a transaction, the time of the transaction, and randomness.
pub struct Work<'a> {
    pub conn: &'a mut Conn,
    pub now: Time,
    pub entropy: Entropy,
    events: Vec<PendingEvent>,
    /// Users who are erased in this transaction.
    forgotten: Vec<String>,
}

impl<'a> Work<'a> {
    pub(in crate::store) fn new(conn: &'a mut Conn, now: Time) -> Self {
        Self { conn, now, entropy: Entropy, events: Vec::new(), forgotten: Vec::new() }
    }

    /// Adds an event to the audit chain of its organization when this transaction commits.
    pub fn record(&mut self, event: Event) {
        self.events.push(PendingEvent {
            id: IdKind::AuditEvent.new_id_at(self.now, self.entropy),
            at: self.now,
            event,
            entropy: self.entropy,
            forgotten: Vec::new(),
        });
    }

    /// Keeps no personal value of a user in the events of this transaction, before and after this call.
    pub fn forget(&mut self, user_id: &str) {
        self.forgotten.push(user_id.to_owned());
    }

    /// The events to append to the audit chains before the commit.
    pub(in crate::store) fn into_events(self) -> Vec<PendingEvent> {
        let Self { mut events, forgotten, .. } = self;
        if !forgotten.is_empty() {
            for event in &mut events {
                event.forgotten.clone_from(&forgotten);
            }
        }
        events
    }
}
