//! Audit events: append-only, in one hash chain per organization. Personal values lie beside them, in a table of their own.

/// Rows per statement. PostgreSQL accepts 65,535 parameters.
const MAX_ROWS: usize = 1000;

/// Inserts rows: on PostgreSQL many in one statement, on SQLite each with a prepared statement. A macro because the type of
/// an insert includes the table and its columns.
macro_rules! insert_all {
    ($conn:expr, $table:ident, $rows:expr) => {
        match $conn {
            Conn::Postgres(conn) => {
                for rows in $rows.chunks(MAX_ROWS) {
                    diesel::insert_into($table::table).values(rows).execute(conn)?;
                }
            }
            Conn::Sqlite(conn) => {
                for row in $rows {
                    Prepared(diesel::insert_into($table::table).values(row)).execute(conn)?;
                }
            }
        }
    };
}

mod members;
mod read;
mod rebase;
mod row;
mod values;
mod verify;

use std::collections::BTreeMap;

use diesel::prelude::*;

use members::MemberEvent;
pub use members::page as member_events;
pub use read::{AuditFilter, EventCursor, by_id, latest, page};
pub use rebase::{rebase, unmoved_chain};
use row::Row;
use values::ValueRow;
pub use values::erase_of_user;
pub use verify::{next_chain, verify};

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::{Locked, Native, Prepared};
use super::engine::schema::{audit_events, audit_heads};
use crate::domain::audit::event::HashedPart;
use crate::domain::audit::hashing::{self, ChainEvent, WITH_COMMITMENTS};
use crate::domain::audit::values::{SaltedValue, commitments};
use crate::domain::audit::{Event, INSTANCE_CHAIN};
use crate::domain::entropy::Entropy;
use crate::domain::time::Time;

/// An event of an open transaction.
pub(in crate::store) struct PendingEvent {
    pub(in crate::store) id: String,
    pub(in crate::store) at: Time,
    pub(in crate::store) event: Event,
    pub(in crate::store) entropy: Entropy,
    /// Users whose values are erased from the beginning.
    pub(in crate::store) forgotten: Vec<String>,
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
    let (mut values, mut of_members) = (Vec::new(), Vec::new());
    for PendingEvent { id, at, event, entropy, forgotten } in events {
        sequence += 1;
        if chain == INSTANCE_CHAIN {
            of_members.extend(MemberEvent::new(&event, sequence, at));
        }
        let (action, outcome) = (event.action.as_str().to_owned(), event.outcome.as_str().to_owned());
        let (actor_kind, actor_id) = (event.actor.kind().to_owned(), event.actor.id().map(str::to_owned));
        let (org_id, credential_id) = (event.org_id.clone(), event.credential_id.clone());
        let target = event.target.clone();
        let (HashedPart { request_id, details }, beside) = event.split();
        let beside: Vec<SaltedValue> =
            beside.into_iter().map(|value| value.salted(entropy.bytes())).collect();
        let event = ChainEvent {
            id,
            sequence,
            at,
            actor_kind,
            actor_id,
            org_id,
            credential_id,
            action,
            target,
            outcome,
            ip: None,
            user_agent: None,
            request_id,
            details,
            chain: chain.to_owned(),
            version: WITH_COMMITMENTS,
            commitments: Some(commitments(&beside)),
        };
        let is_kept =
            |value: &SaltedValue| value.user_id.as_ref().is_none_or(|user_id| !forgotten.contains(user_id));
        values.extend(beside.into_iter().filter(is_kept).map(|value| ValueRow::new(&event.id, value)));
        let hash = hashing::hash_with_commitments(&last, &event).to_vec();
        rows.push(Row::new(event, std::mem::replace(&mut last, hash.clone()), hash));
    }
    insert_all!(conn, audit_events, &rows);
    values::insert(conn, &values)?;
    members::insert(conn, &of_members)?;
    let onward = diesel::update(audit_heads::table.find(chain))
        .set((audit_heads::sequence.eq(sequence), audit_heads::hash.eq(last)));
    Prepared(onward).execute(conn)?;
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
