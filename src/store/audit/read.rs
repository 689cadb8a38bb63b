//! Reads audit events.
//!
//! A page lists events by time, newest first, and every filter has an index that ends with the time. Conditions that no
//! single index serves (one of several actors; a credential as actor or as target) become one query per branch: the
//! positions that the branches find are merged, then the events are read by sequence number.

use std::cmp::Reverse;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::row::Row;
use super::values;
use crate::domain::audit::{Action, Outcome, RecordedEvent};
use crate::domain::time::Time;
use crate::store::engine::codec::Moment;
use crate::store::engine::conn::Conn;
use crate::store::engine::error::StoreError;
use crate::store::engine::keyset;
use crate::store::engine::schema::audit_events;

/// Filter of audit events. `None` means any.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub since: Option<Time>,
    /// Exclusive.
    pub until: Option<Time>,
    pub actors: Option<Vec<String>>,
    pub credential: Option<String>,
    pub action: Option<Action>,
    pub outcome: Option<Outcome>,
}

/// Position of an event in the list: its time and its sequence number in the chain.
pub type EventCursor = (Time, i64);

/// The column that a credential filter compares.
#[derive(Debug, Clone, Copy)]
enum CredentialColumn {
    Credential,
    Target,
}

/// A part of a filter that one index serves.
#[derive(Debug, Clone, Copy)]
struct Branch<'a> {
    actor: Option<&'a str>,
    credential: Option<(CredentialColumn, &'a str)>,
}

impl AuditFilter {
    fn branches(&self) -> Vec<Branch<'_>> {
        let actors = self
            .actors
            .as_ref()
            .map_or_else(|| vec![None], |actors| actors.iter().map(|actor| Some(actor.as_str())).collect());
        let credentials = self.credential.as_deref().map_or_else(
            || vec![None],
            |id| vec![Some((CredentialColumn::Credential, id)), Some((CredentialColumn::Target, id))],
        );
        let with =
            |actor| credentials.iter().map(move |credential| Branch { actor, credential: *credential });
        actors.into_iter().flat_map(with).collect()
    }
}

/// The events of a chain that match a branch of the filter, newest first. A macro because the type of a boxed query
/// includes all selected columns.
macro_rules! select {
    ($conn:expr, $selection:expr, $chain:expr, $filter:expr, $branch:expr, $before:expr, $limit:expr) => {{
        let AuditFilter { since, until, action, outcome, actors: _, credential: _ } = $filter;
        let Branch { actor, credential } = $branch;
        let mut query = audit_events::table
            .filter(audit_events::chain.eq($chain))
            .order((audit_events::at.desc(), audit_events::sequence.desc()))
            .limit($limit)
            .select($selection)
            .into_boxed();
        if let Some(at) = since {
            query = query.filter(audit_events::at.ge(*at));
        }
        // Only one upper bound: given two, SQLite seeks by the end of the period and scans from there to the position
        // on every page.
        match ($before, until) {
            (Some((at, sequence)), until) if until.is_none_or(|until| at < until) => {
                query = query.filter(keyset::before!("at, sequence", Moment: at, BigInt: sequence));
            }
            (_, Some(until)) => query = query.filter(audit_events::at.lt(*until)),
            (_, None) => {}
        }
        if let Some(id) = actor {
            query = query.filter(keyset::rare!($conn, "actor_id", id));
        }
        match credential {
            None => {}
            Some((CredentialColumn::Credential, id)) => query = query.filter(keyset::rare!($conn, "credential_id", id)),
            Some((CredentialColumn::Target, id)) => query = query.filter(keyset::rare!($conn, "target", id)),
        }
        if let Some(action) = action {
            query = query.filter(keyset::rare!($conn, "action", action.as_str()));
        }
        match outcome {
            None => {}
            // Must match the condition of the partial index literally.
            Some(Outcome::Refused) => query = query.filter(sql::<Bool>("outcome = 'refused'")),
            Some(outcome) => query = query.filter(audit_events::outcome.eq(outcome.as_str())),
        }
        query
    }};
}

/// Events of a chain that come after a position in the list, newest first.
pub fn page(
    conn: &mut Conn,
    chain: &str,
    filter: &AuditFilter,
    before: Option<EventCursor>,
    limit: usize,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let branches = filter.branches();
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    if let [branch] = branches[..] {
        let rows: Vec<Row> =
            select!(conn, Row::as_select(), chain, filter, branch, before, most).load(conn)?;
        return recorded(conn, rows);
    }
    let sequences = positions(conn, chain, filter, &branches, before, limit)?;
    by_sequence(conn, chain, sequences)
}

/// Events of a chain by their sequence numbers, newest first.
pub(super) fn by_sequence(
    conn: &mut Conn,
    chain: &str,
    sequences: Vec<i64>,
) -> Result<Vec<RecordedEvent>, StoreError> {
    if sequences.is_empty() {
        return Ok(Vec::new());
    }
    // Sorted here: with ORDER BY, SQLite scans the index by time instead of looking up the sequence numbers.
    let rows: Vec<Row> = audit_events::table
        .filter(audit_events::chain.eq(chain).and(audit_events::sequence.eq_any(sequences)))
        .select(Row::as_select())
        .load(conn)?;
    let mut events = recorded(conn, rows)?;
    events.sort_unstable_by_key(|found| Reverse((found.event.at, found.event.sequence)));
    Ok(events)
}

fn recorded(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<RecordedEvent>, StoreError> {
    let links = values::with_values(conn, rows)?;
    Ok(links.into_iter().map(|link| RecordedEvent::new(link.event, &link.values)).collect())
}

/// Position and chain of an event.
pub fn by_id(conn: &mut Conn, id: &str) -> Result<Option<(String, EventCursor)>, StoreError> {
    let place = (audit_events::chain, (audit_events::at, audit_events::sequence));
    Ok(audit_events::table.filter(audit_events::id.eq(id)).select(place).get_result(conn).optional()?)
}

/// Sequence numbers of the newest events that match any branch.
fn positions(
    conn: &mut Conn,
    chain: &str,
    filter: &AuditFilter,
    branches: &[Branch<'_>],
    before: Option<EventCursor>,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut filter = filter.clone();
    let mut places: Vec<EventCursor> = Vec::new();
    for branch in branches {
        let selection = (audit_events::at, audit_events::sequence);
        let found: Vec<EventCursor> =
            select!(conn, selection, chain, &filter, *branch, before, most).load(conn)?;
        places.extend(found);
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.dedup();
        places.truncate(limit);
        // A full page needs nothing older than its last event.
        if let Some((at, _)) = places.last().filter(|_| places.len() == limit) {
            filter.since = Some(*at);
        }
    }
    Ok(places.into_iter().map(|(_, sequence)| sequence).collect())
}

/// The newest event of a chain with one of these actions.
pub fn latest(conn: &mut Conn, chain: &str, actions: &[Action]) -> Result<Option<RecordedEvent>, StoreError> {
    let mut latest: Option<RecordedEvent> = None;
    for action in actions {
        let filter = AuditFilter { action: Some(*action), ..AuditFilter::default() };
        let found = page(conn, chain, &filter, None, 1)?.pop();
        latest = latest.into_iter().chain(found).max_by_key(|found| (found.event.at, found.event.sequence));
    }
    Ok(latest)
}
