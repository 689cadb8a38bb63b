//! The uses of credentials, one by one.

use diesel::prelude::*;

use super::conn::Conn;
use super::error::StoreError;
use super::schema::uses;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::time::Time;
use crate::domain::uses::UseOutcome;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = uses, treat_none_as_default_value = false)]
pub struct Used {
    pub id: String,
    pub at: Time,
    pub org_id: String,
    pub user_id: Option<String>,
    pub service_account_id: Option<String>,
    pub credential_id: String,
    pub endpoint: String,
    pub outcome: UseOutcome,
    pub status: i64,
    pub ip: Option<String>,
    pub request_id: Option<String>,
}

/// Which uses are wanted. Nothing means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub since: Option<Time>,
    /// Up to here, and not this moment itself.
    pub until: Option<Time>,
    pub credential: Option<String>,
    pub outcome: Option<UseOutcome>,
}

/// Adds uses, on PostgreSQL in one statement.
pub fn insert(conn: &mut Conn, rows: &[Used]) -> Result<(), StoreError> {
    let statement = diesel::insert_into(uses::table).values(rows);
    match conn {
        Conn::Postgres(conn) => statement.execute(conn)?,
        Conn::Sqlite(conn) => statement.execute(conn)?,
    };
    Ok(())
}

/// The uses in an organization after a place, the newest first.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: &Filter,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<Used>, StoreError> {
    let Filter { since, until, credential, outcome } = filter;
    let mut query = uses::table
        .filter(uses::org_id.eq(org_id))
        .order((uses::at.desc(), uses::id.desc()))
        .limit(limit)
        .select(Used::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        // The first half is what the index finds.
        query = query.filter(uses::at.le(*at).and(uses::at.lt(*at).or(uses::id.lt(id))));
    }
    if let Some(at) = since {
        query = query.filter(uses::at.ge(*at));
    }
    if let Some(at) = until {
        query = query.filter(uses::at.lt(*at));
    }
    if let Some(id) = credential {
        query = query.filter(uses::credential_id.eq(id));
    }
    if let Some(outcome) = outcome {
        query = query.filter(uses::outcome.eq(*outcome));
    }
    Ok(query.load(conn)?)
}

/// Deletes old uses.
pub fn delete_old(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "uses", column: "at", condition: None }.delete(conn, span)
}
