//! Recorded events for readers.

use super::hashing::ChainEvent;
use super::values::{self, SaltedValue};

/// An event with its personal values inside, as far as they are not erased.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    pub event: ChainEvent,
    /// Fields whose values were erased: `ip`, `user_agent`, `details.NAME`.
    pub erased: Vec<String>,
}

impl RecordedEvent {
    pub fn new(event: ChainEvent, outside: &[SaltedValue]) -> Self {
        let mut erased = event.commitments.as_deref().map(values::fields).unwrap_or_default();
        erased.retain(|field| outside.iter().all(|value| value.field != *field));
        Self { event: event.with_values(outside), erased }
    }

    pub fn is_erased(&self, field: &str) -> bool {
        self.erased.iter().any(|erased| erased == field)
    }
}
