//! Audit events: append-only, in one hash chain per organization.

mod read;
mod row;
mod verify;

use std::collections::BTreeMap;

use diesel::prelude::*;

pub use read::{AuditFilter, EventCursor, latest, page};
use row::Row;
pub use verify::{next_chain, verify};

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::{Locked, Native, Prepared};
use super::engine::schema::{audit_events, audit_heads};
use crate::domain::audit::{self, Event, INSTANCE_CHAIN, RecordedEvent};
use crate::domain::time::Time;

/// An event of an open transaction.
pub(in crate::store) struct PendingEvent {
    pub(in crate::store) id: String,
    pub(in crate::store) at: Time,
    pub(in crate::store) event: Event,
}

/// Appends events to the chains of their organizations. Must come last in a transaction, because it waits for every
/// other transaction that has locked a head. Locks heads in the order of their names, to avoid deadlocks.
pub(in crate::store) fn append(conn: &mut Conn, noted: Vec<PendingEvent>) -> Result<(), StoreError> {
    let mut chains: BTreeMap<String, Vec<PendingEvent>> = BTreeMap::new();
    for noted in noted {
        let chain = noted.event.org_id.as_deref().unwrap_or(INSTANCE_CHAIN);
        match chains.get_mut(chain) {
            Some(events) => events.push(noted),
            None => drop(chains.insert(chain.to_owned(), vec![noted])),
        }
    }
    for (chain, events) in chains {
        extend(conn, &chain, events)?;
    }
    Ok(())
}

fn extend(conn: &mut Conn, chain: &str, events: Vec<PendingEvent>) -> Result<(), StoreError> {
    let (mut sequence, mut last) = match head(conn, chain)? {
        Some(head) => head,
        None => begin(conn, chain)?,
    };
    let mut rows = Vec::with_capacity(events.len());
    for PendingEvent { id, at, event } in events {
        sequence += 1;
        let recorded = RecordedEvent {
            id,
            sequence,
            at,
            actor_kind: event.actor.kind().to_owned(),
            actor_id: event.actor.id().map(str::to_owned),
            org_id: event.org_id,
            credential_id: event.credential_id,
            action: event.action.as_str().to_owned(),
            target: event.target,
            outcome: event.outcome.as_str().to_owned(),
            ip: event.origin.ip,
            user_agent: event.origin.user_agent,
            request_id: event.origin.request_id,
            details: serde_json::Value::Object(event.details).to_string(),
            chain: chain.to_owned(),
        };
        let hash = audit::hash(&last, &recorded).to_vec();
        rows.push(Row::new(recorded, std::mem::replace(&mut last, hash.clone()), hash));
    }
    insert(conn, &rows)?;
    let onward = diesel::update(audit_heads::table.find(chain))
        .set((audit_heads::sequence.eq(sequence), audit_heads::hash.eq(last)));
    Prepared(onward).execute(conn)?;
    Ok(())
}

/// Rows per statement. PostgreSQL accepts 65,535 parameters.
const MAX_ROWS: usize = 1000;

fn insert(conn: &mut Conn, rows: &[Row]) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(conn) => {
            for rows in rows.chunks(MAX_ROWS) {
                diesel::insert_into(audit_events::table).values(rows).execute(conn)?;
            }
        }
        Conn::Sqlite(conn) => {
            for row in rows {
                Prepared(diesel::insert_into(audit_events::table).values(row)).execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Sequence number and hash of the last event of a chain.
type Head = (i64, Vec<u8>);

/// The head of a chain, locked until the end of the transaction.
fn head(conn: &mut Conn, chain: &str) -> Result<Option<Head>, StoreError> {
    let head = audit_heads::table.find(chain).select((audit_heads::sequence, audit_heads::hash));
    Ok(Locked(head).get_result(conn).optional()?)
}

/// Creates the head of a new chain, unless another transaction does so first, and locks it.
fn begin(conn: &mut Conn, chain: &str) -> Result<Head, StoreError> {
    let start = diesel::insert_into(audit_heads::table)
        .values((
            audit_heads::chain.eq(chain),
            audit_heads::sequence.eq(0_i64),
            audit_heads::hash.eq(&[][..] as &[u8]),
        ))
        .on_conflict(audit_heads::chain)
        .do_nothing();
    Native(start).execute(conn)?;
    head(conn, chain)?.ok_or_else(|| StoreError::Failed("the head of an audit chain is missing".to_owned()))
}
