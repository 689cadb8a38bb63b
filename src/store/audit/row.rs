//! An audit event as a database row.

use diesel::prelude::*;

use crate::domain::audit::chain::ChainLink;
use crate::domain::audit::hashing::ChainEvent;
use crate::domain::audit::values::SaltedValue;
use crate::domain::time::Time;
use crate::store::engine::schema::audit_events;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct Row {
    id: String,
    chain: String,
    sequence: i64,
    at: Time,
    actor_kind: String,
    actor_id: Option<String>,
    org_id: Option<String>,
    credential_id: Option<String>,
    action: String,
    target: Option<String>,
    outcome: String,
    ip: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    details: String,
    previous_hash: Vec<u8>,
    hash: Vec<u8>,
    version: i64,
    commitments: Option<String>,
}

impl Row {
    pub(super) fn new(event: ChainEvent, previous_hash: Vec<u8>, hash: Vec<u8>) -> Self {
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
            version,
            commitments,
        } = event;
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
            previous_hash,
            hash,
            version,
            commitments,
        }
    }

    /// The id, if the values of the event are beside it.
    pub(super) fn outside(&self) -> Option<&str> {
        self.commitments.is_some().then_some(self.id.as_str())
    }

    pub(super) fn into_link(self, values: Vec<SaltedValue>) -> ChainLink {
        let Self {
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
            previous_hash,
            hash,
            version,
            commitments,
        } = self;
        let event = ChainEvent {
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
            version,
            commitments,
        };
        ChainLink { event, previous_hash, hash, values }
    }
}
