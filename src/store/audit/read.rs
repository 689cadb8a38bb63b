//! Reading what was recorded.

use diesel::prelude::*;

use super::row::Row;
use crate::domain::audit::{Action, Outcome, Recorded};
use crate::domain::time::Time;
use crate::store::conn::Conn;
use crate::store::error::StoreError;
use crate::store::schema::audit_events;

/// Which events are wanted. Nothing means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub since: Option<Time>,
    /// Up to here, and not this moment itself.
    pub until: Option<Time>,
    pub actors: Option<Vec<String>>,
    pub credential: Option<String>,
    pub action: Option<Action>,
    pub outcome: Option<Outcome>,
}

/// Events of a chain before a number, the newest first.
pub fn page(
    conn: &mut Conn,
    chain: &str,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Recorded>, StoreError> {
    let Filter { since, until, actors, credential, action, outcome } = filter;
    let mut query = audit_events::table
        .filter(audit_events::chain.eq(chain))
        .order(audit_events::sequence.desc())
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some(sequence) = before {
        query = query.filter(audit_events::sequence.lt(sequence));
    }
    if let Some(at) = since {
        query = query.filter(audit_events::at.ge(*at));
    }
    if let Some(at) = until {
        query = query.filter(audit_events::at.lt(*at));
    }
    if let Some(ids) = actors {
        query = query.filter(audit_events::actor_id.eq_any(ids));
    }
    if let Some(id) = credential {
        query = query.filter(audit_events::credential_id.eq(id).or(audit_events::target.eq(id)));
    }
    if let Some(action) = action {
        query = query.filter(audit_events::action.eq(action.as_str()));
    }
    if let Some(outcome) = outcome {
        query = query.filter(audit_events::outcome.eq(outcome.as_str()));
    }
    Ok(query.load(conn)?.into_iter().map(|row: Row| row.into_link().event).collect())
}

/// The events of a chain in their order, from the first.
pub fn chain(conn: &mut Conn, chain: &str) -> Result<Vec<Recorded>, StoreError> {
    let rows: Vec<Row> = audit_events::table
        .filter(audit_events::chain.eq(chain))
        .order(audit_events::sequence)
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.into_link().event).collect())
}

/// The newest event of a chain with one of these actions.
pub fn latest(conn: &mut Conn, chain: &str, actions: &[Action]) -> Result<Option<Recorded>, StoreError> {
    let row: Option<Row> = audit_events::table
        .filter(audit_events::chain.eq(chain))
        .filter(audit_events::action.eq_any(actions.iter().map(|action| action.as_str())))
        .order(audit_events::sequence.desc())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(|row| row.into_link().event))
}
