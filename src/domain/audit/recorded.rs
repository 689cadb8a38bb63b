//! Recorded events for readers.

use super::hashing::ChainEvent;
use super::values::{self, SaltedValue};
use crate::domain::time::Time;

/// An event together with its personal values, as far as they are not erased.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    pub id: String,
    pub chain: String,
    pub sequence: i64,
    pub at: Time,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub org_id: Option<String>,
    pub credential_id: Option<String>,
    pub action: String,
    pub target: Option<String>,
    pub outcome: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// A JSON object.
    pub details: String,
    /// Fields whose values were erased: `ip`, `user_agent`, `details.NAME`.
    pub erased: Vec<String>,
}

impl RecordedEvent {
    pub fn new(event: &ChainEvent, outside: &[SaltedValue]) -> Self {
        let mut erased = event.commitments.as_deref().map(values::fields).unwrap_or_default();
        erased.retain(|field| outside.iter().all(|value| value.field != *field));
        let ChainEvent {
            id,
            chain,
            sequence,
            at,
            actor_kind,
            actor_id,
            org_id,
            credential_id,
            action,
            target,
            outcome,
            ip,
            user_agent,
            request_id,
            details,
            version: _,
            commitments: _,
        } = event.with_values(outside);
        Self {
            id,
            chain,
            sequence,
            at,
            actor_kind,
            actor_id,
            org_id,
            credential_id,
            action,
            target,
            outcome,
            ip,
            user_agent,
            request_id,
            details,
            erased,
        }
    }

    pub fn is_erased(&self, field: &str) -> bool {
        self.erased.iter().any(|erased| erased == field)
    }
}
