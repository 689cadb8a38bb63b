//! Deleting rows that have ended, a few at a time.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use crate::domain::time::Time;

/// Which rows a step deletes: the `limit` oldest of those that ended from one time on and before another.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Where the step before stopped. On PostgreSQL an index keeps deleted rows until they are vacuumed, which a backup puts
    /// off for hours; without this bound every step would walk over all that the steps before it deleted.
    pub from: Time,
    pub before: Time,
    pub limit: i64,
}

/// What a step has deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    pub rows: usize,
    /// When the last of them ended.
    pub to: Option<Time>,
}

/// The rows of a table that end at the time in a column. The column, with the condition, has an index, so that a step
/// reads nothing but what it deletes.
pub(in crate::store) struct Ending {
    pub(in crate::store) table: &'static str,
    pub(in crate::store) column: &'static str,
    /// A condition in SQL, word for word that of a partial index.
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
            // A row that another node is deleting, or that a request holds, is left to the next sweep.
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
