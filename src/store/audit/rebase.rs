//! Moves the personal values of events of version 1 out of them, so that they can be erased.
//!
//! The hash of such an event covers its values, so once they are erased it can no longer be computed. For that case, an
//! event `audit.rebased` confirms a digest over the events with commitments instead of values. The hashes themselves
//! stay, and so do heads of chains that were saved elsewhere.

use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::row::Row;
use super::values::{ValueRow, insert};
use crate::domain::audit::chain::{ChainLink, rebased_digest};
use crate::domain::audit::hashing::{ChainEvent, hash_with_values};
use crate::domain::audit::values::{IP, PersonalValue, SaltedValue, USER_AGENT, commitments, detail_field};
use crate::domain::audit::{Action, Actor, Event, Fact, INSTANCE_CHAIN, Origin};
use crate::domain::entropy::Entropy;
use crate::domain::id::IdKind;
use crate::store::engine::conn::Conn;
use crate::store::engine::error::StoreError;
use crate::store::engine::query::{Locked, Prepared};
use crate::store::engine::schema::{audit_events, credentials, removed_credentials};

/// Events per step, which is one transaction.
const STEP: i64 = 1000;

/// A chain with events whose values have not moved out.
pub fn unmoved_chain(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    Ok(audit_events::table
        .filter(audit_events::commitments.is_null())
        .order(audit_events::chain)
        .select(audit_events::chain)
        .first(conn)
        .optional()?)
}

/// Moves the values of the next events of a chain. Returns the event to record in the same transaction; `None` if there is
/// nothing to move. Of nodes that do so at the same time, each event is moved by one.
pub fn rebase(conn: &mut Conn, entropy: Entropy, chain: &str) -> Result<Option<Event>, StoreError> {
    let next = audit_events::table
        .filter(audit_events::chain.eq(chain).and(audit_events::commitments.is_null()))
        .order(audit_events::sequence)
        .limit(STEP)
        .select(Row::as_select());
    let rows: Vec<Row> = Locked(next).load(conn)?;
    let links: Vec<ChainLink> = rows.into_iter().map(|row| row.into_link(Vec::new())).collect();
    let Some(from) = links.first().map(|link| link.event.sequence) else { return Ok(None) };
    let owners = owners(conn, &links)?;
    let (mut digest, mut through, mut broken_at) = (Vec::new(), from - 1, None);
    for link in links {
        // A run has no gaps. What comes after one is the next run.
        if link.event.sequence != through + 1 {
            break;
        }
        through = link.event.sequence;
        if hash_with_values(&link.previous_hash, &link.event)[..] != link.hash[..] {
            broken_at = broken_at.or(Some(through));
        }
        let (event, values) = split(entropy, link.event, &owners);
        digest = rebased_digest(&digest, &event);
        let emptied = diesel::update(audit_events::table.filter(audit_events::id.eq(&event.id))).set((
            audit_events::ip.eq(None::<String>),
            audit_events::user_agent.eq(None::<String>),
            audit_events::details.eq(&event.details),
            audit_events::commitments.eq(&event.commitments),
        ));
        Prepared(emptied).execute(conn)?;
        let rows: Vec<ValueRow> = values.into_iter().map(|value| ValueRow::new(&event.id, value)).collect();
        insert(conn, &rows)?;
    }
    let event = Event::new(Action::AuditRebased, Actor::Operator, &Origin::default())
        .detail("from", from)
        .detail("through", through)
        .detail("digest", Fact::hash(&digest))
        .detail("broken_at", broken_at);
    Ok(Some(if chain == INSTANCE_CHAIN { event } else { event.org(chain) }))
}

/// The event with commitments, and its values.
fn split(
    entropy: Entropy,
    mut event: ChainEvent,
    owners: &HashMap<String, String>,
) -> (ChainEvent, Vec<SaltedValue>) {
    let user = |id: &Option<String>| id.clone().filter(|id| id.starts_with(IdKind::User.prefix()));
    let owner = |id: &Option<String>| id.as_ref().and_then(|id| owners.get(id)).cloned();
    let actor = user(&event.actor_id).or_else(|| owner(&event.credential_id)).or_else(|| user(&event.target));
    let about = owner(&event.target).or_else(|| actor.clone());
    let mut values: Vec<PersonalValue> = Vec::new();
    for (field, value) in [(IP, event.ip.take()), (USER_AGENT, event.user_agent.take())] {
        values.extend(value.map(|value| PersonalValue::new(field.to_owned(), actor.as_deref(), &value)));
    }
    let details: Result<Map<String, Value>, _> = serde_json::from_str(&event.details);
    // Only if the exact text can be restored.
    let is_exact =
        |details: &Map<_, _>| serde_json::to_string(details).is_ok_and(|text| text == event.details);
    if let Some(details) = details.ok().filter(is_exact) {
        let (texts, facts): (Map<_, _>, Map<_, _>) =
            details.into_iter().partition(|(name, value)| value.is_string() && is_text(&event.action, name));
        for (name, value) in texts {
            let value = value.as_str().unwrap_or_default();
            values.push(PersonalValue::new(detail_field(&name), about.as_deref(), value));
        }
        event.details = Value::Object(facts).to_string();
    }
    let values: Vec<SaltedValue> = values.into_iter().map(|value| value.salted(entropy.bytes())).collect();
    event.commitments = Some(commitments(&values));
    (event, values)
}

/// Whether a detail of an event of version 1 is an address or was typed by a user.
fn is_text(action: &str, name: &str) -> bool {
    match name {
        "device" | "os" | "tool" | "asked_from" | "name" | "found_at" => true,
        "before" | "after" => action == Action::SessionRenamed.as_str(),
        _ => false,
    }
}

/// The users whose credentials these events are about, by the id of the credential.
fn owners(conn: &mut Conn, links: &[ChainLink]) -> Result<HashMap<String, String>, StoreError> {
    let ids = links.iter().flat_map(|link| [&link.event.credential_id, &link.event.target]).flatten();
    let ids: Vec<&str> = ids.map(String::as_str).collect();
    let mut owners = HashMap::new();
    macro_rules! look_up {
        ($table:ident) => {
            let found = $table::table.filter($table::id.eq_any(ids.iter().copied()));
            let found = found.filter($table::user_id.is_not_null());
            let found: Vec<(String, Option<String>)> =
                found.select(($table::id, $table::user_id)).load(conn)?;
            owners.extend(found.into_iter().filter_map(|(id, user_id)| Some((id, user_id?))));
        };
    }
    look_up!(credentials);
    look_up!(removed_credentials);
    Ok(owners)
}
