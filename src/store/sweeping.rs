//! The sweep: deletes ended rows in small steps.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use crate::domain::time::Time;

/// The rows that a step deletes: the `limit` oldest that ended at `from` or later and before `before`.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Where the previous step stopped. On PostgreSQL, deleted rows stay in the index until vacuum, which a backup can
    /// delay for hours; without this bound, every step would scan all rows deleted by earlier steps.
    pub from: Time,
    pub before: Time,
    pub limit: i64,
}

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    pub rows: usize,
    /// When the last of them ended.
    pub to: Option<Time>,
}

/// A table whose rows end at the time in `column`. An index covers the column and the condition, so that a step reads
/// only rows that it deletes.
pub(in crate::store) struct Ending {
    pub(in crate::store) table: &'static str,
    pub(in crate::store) column: &'static str,
    /// SQL that matches the condition of a partial index literally.
    pub(in crate::store) condition: Option<&'static str>,
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Moment)]
    ended: Time,
}

impl Ending {
    pub(in crate::store) fn delete(&self, conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
        let Span { from, before, limit } = span;
        let statement = sql_query(self.statement(conn))
            .bind::<Moment, _>(from)
            .bind::<Moment, _>(before)
            .bind::<BigInt, _>(limit);
        let ended: Vec<Ended> = statement.get_results(conn)?;
        Ok(Deleted { rows: ended.len(), to: ended.iter().map(|row| row.ended).max() })
    }

    fn statement(&self, conn: &Conn) -> String {
        let Self { table, column, condition } = self;
        let condition = condition.map(|condition| format!(" AND {condition}")).unwrap_or_default();
        let due = |row: &str| {
            format!(
                "SELECT {row} FROM {table} WHERE {column} >= $1 AND {column} < $2{condition} \
                 ORDER BY {column} LIMIT $3"
            )
        };
        match conn {
            // Rows that are locked, by another node's sweep or by a request, are left to the next sweep.
            Conn::Postgres(_) => format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY ({} FOR UPDATE SKIP LOCKED)) RETURNING {column} AS ended",
                due("ctid")
            ),
            Conn::Sqlite(_) => {
                format!("DELETE FROM {table} WHERE rowid IN ({}) RETURNING {column} AS ended", due("rowid"))
            }
        }
    }
}
