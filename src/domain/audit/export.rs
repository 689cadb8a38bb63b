//! Export of the audit log: CSV for spreadsheets, JSON Lines for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::hashing::ChainEvent;
use super::values::USER_AGENT;
use super::{INSTANCE_CHAIN, RecordedEvent};
use crate::domain::csv;
use crate::domain::text_enum::text_enum;

/// Display names by id.
pub type Names = BTreeMap<String, String>;

text_enum! {
    /// File format.
    Format {
        Csv = "csv",
        JsonLines = "jsonl",
    }
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }

    /// The header of the file.
    pub fn header(self) -> String {
        match self {
            Self::Csv => csv::line(COLUMNS),
            Self::JsonLines => String::new(),
        }
    }

    /// One event as a line.
    pub fn line(self, event: &RecordedEvent, names: &Names) -> String {
        match self {
            Self::Csv => row(event, names),
            Self::JsonLines => format!("{}\n", to_json(event, names)),
        }
    }
}

const COLUMNS: [&str; 18] = [
    "id",
    "sequence",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "credential",
    "credential_name",
    "action",
    "target",
    "target_name",
    "outcome",
    "ip",
    "user_agent",
    "request_id",
    "details",
    "chain",
    "erased",
];

fn row(recorded: &RecordedEvent, names: &Names) -> String {
    let event = &recorded.event;
    let name = |id: &Option<String>| id.as_ref().and_then(|id| names.get(id)).map_or("", String::as_str);
    let text = |value: &Option<String>| value.as_deref().unwrap_or_default().to_owned();
    let (actor, credential, target) =
        (text(&event.actor_id), text(&event.credential_id), text(&event.target));
    let (ip, user_agent, request_id) = (text(&event.ip), text(&event.user_agent), text(&event.request_id));
    let sequence = sequence(event).map_or_else(String::new, |sequence| sequence.to_string());
    csv::line([
        event.id.as_str(),
        &sequence,
        &event.at.iso(),
        &event.actor_kind,
        &actor,
        name(&event.actor_id),
        &credential,
        name(&event.credential_id),
        &event.action,
        &target,
        name(&event.target),
        &event.outcome,
        &ip,
        &user_agent,
        &request_id,
        &event.details,
        chain(event),
        &erased(recorded).join(" "),
    ])
}

/// The number in the organization's log. The numbers of the server's own chain would tell how much happens elsewhere.
fn sequence(event: &ChainEvent) -> Option<i64> {
    (event.chain != INSTANCE_CHAIN).then_some(event.sequence)
}

fn chain(event: &ChainEvent) -> &'static str {
    if event.chain == INSTANCE_CHAIN { "instance" } else { "organization" }
}

/// The erased fields, by their names in JSON.
fn erased(recorded: &RecordedEvent) -> Vec<&str> {
    let fields = recorded.erased.iter().map(String::as_str);
    fields.map(|field| if field == USER_AGENT { "userAgent" } else { field }).collect()
}

/// An event as JSON, the same in the API and in the export.
pub fn to_json(recorded: &RecordedEvent, names: &Names) -> Value {
    let event = &recorded.event;
    let name = |id: &Option<String>| id.as_ref().and_then(|id| names.get(id));
    json!({
        "id": event.id,
        "chain": chain(event),
        "sequence": sequence(event),
        "at": event.at,
        "actor": { "kind": event.actor_kind, "id": event.actor_id, "name": name(&event.actor_id) },
        "credential": event.credential_id,
        "credentialName": name(&event.credential_id),
        "action": event.action,
        "target": event.target,
        "targetName": name(&event.target),
        "outcome": event.outcome,
        "ip": event.ip,
        "userAgent": event.user_agent,
        "requestId": event.request_id,
        "details": serde_json::from_str::<Value>(&event.details).unwrap_or_default(),
        "erased": erased(recorded),
    })
}
