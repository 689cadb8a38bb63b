//! The hashed part of a recorded event, and its hash.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::values::{self, IP, SaltedValue, USER_AGENT};
use crate::domain::time::Time;

/// Version of events whose hash covers their personal values.
pub const WITH_VALUES: i64 = 1;
/// Version of events whose hash covers commitments to their personal values.
pub const WITH_COMMITMENTS: i64 = 2;

/// An event as it is stored in its chain, without the values beside it.
#[derive(Debug, Clone)]
pub struct ChainEvent {
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
    /// Only in events of [`WITH_VALUES`] whose values have not moved out.
    pub ip: Option<String>,
    /// As `ip`.
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// A JSON object, as the exact text that was hashed.
    pub details: String,
    pub version: i64,
    /// A JSON object, as the exact text that was hashed; `None` if the values are inside of the event.
    pub commitments: Option<String>,
}

impl ChainEvent {
    /// The event with its values inside, as an event of [`WITH_VALUES`] was hashed.
    #[must_use]
    pub fn with_values(mut self, outside: &[SaltedValue]) -> Self {
        if outside.is_empty() {
            return self;
        }
        let mut details: Map<String, Value> = serde_json::from_str(&self.details).unwrap_or_default();
        for value in outside {
            let json: Value = serde_json::from_str(&value.value).unwrap_or_default();
            match values::detail_name(&value.field) {
                Some(name) => drop(details.insert(name.to_owned(), json)),
                None if value.field == IP => self.ip = json.as_str().map(str::to_owned),
                None if value.field == USER_AGENT => self.user_agent = json.as_str().map(str::to_owned),
                None => {}
            }
        }
        self.details = Value::Object(details).to_string();
        self
    }
}

/// The hash of an event of [`WITH_VALUES`]: SHA-256 of the previous hash followed by the event as a JSON array in a fixed
/// order. Its values must be inside.
pub fn hash_with_values(previous: &[u8], event: &ChainEvent) -> [u8; 32] {
    digest(
        previous,
        &json!([
            event.id,
            event.chain,
            event.sequence,
            event.at.micros(),
            event.actor_kind,
            event.actor_id,
            event.org_id,
            event.credential_id,
            event.action,
            event.target,
            event.outcome,
            event.ip,
            event.user_agent,
            event.request_id,
            event.details,
        ]),
    )
}

/// The hash of an event of [`WITH_COMMITMENTS`]. The array begins with the version, so it is never one of another
/// version.
pub fn hash_with_commitments(previous: &[u8], event: &ChainEvent) -> [u8; 32] {
    digest(
        previous,
        &json!([
            event.version,
            event.id,
            event.chain,
            event.sequence,
            event.at.micros(),
            event.actor_kind,
            event.actor_id,
            event.org_id,
            event.credential_id,
            event.action,
            event.target,
            event.outcome,
            event.request_id,
            event.details,
            event.commitments,
        ]),
    )
}

fn digest(previous: &[u8], fields: &Value) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(fields.to_string());
    hasher.finalize().into()
}
