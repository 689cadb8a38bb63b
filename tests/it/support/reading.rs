//! Cost of statements.

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use keystiled::store::{Conn, StoreError};

use super::app::TestApp;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Cost as reported by each engine.
#[derive(Debug)]
pub(crate) enum Cost {
    /// The steps of SQLite's plans, such as `SEARCH uses USING INDEX uses_by_time (at<?)`.
    Plan(Vec<String>),
    /// Rows and index entries read by PostgreSQL.
    Rows(i64),
}

impl Cost {
    /// Asserts that SQLite uses only these indexes, without sorting, and PostgreSQL reads at most `rows`
    /// rows.
    #[track_caller]
    pub(crate) fn is_bounded(&self, table: &str, indexes: &[&str], rows: i64) {
        match self {
            Self::Plan(steps) => {
                let of_table = |step: &&String| {
                    step.split(' ').nth(1) == Some(table) || step.contains("TEMP B-TREE FOR ORDER")
                };
                let found =
                    |step: &String| indexes.iter().any(|index| step.contains(&format!(" INDEX {index} (")));
                let reads: Vec<&String> = steps.iter().filter(of_table).collect();
                assert!(
                    !reads.is_empty() && reads.iter().all(|step| found(step)),
                    "by {indexes:?}: {steps:#?}"
                );
            }
            Self::Rows(read) => {
                assert!(*read <= rows, "{indexes:?}: {read} rows were read, {rows} at most were expected");
            }
        }
    }
}

impl TestApp {
    /// Cost of `work` on `table`.
    pub(crate) async fn cost<F>(&self, table: &'static str, work: F) -> Cost
    where
        F: FnOnce(&mut Conn) -> Result<(), StoreError> + Clone + Send + 'static,
    {
        let measured = self.inside().store.write(move |open| measure(open.conn, table, work));
        measured.await.unwrap()
    }
}

fn measure(
    conn: &mut Conn,
    table: &str,
    work: impl FnOnce(&mut Conn) -> Result<(), StoreError>,
) -> Result<Cost, StoreError> {
    if let Conn::Postgres(_) = conn {
        let before = read(conn, table)?;
        work(conn)?;
        return Ok(Cost::Rows(read(conn, table)? - before));
    }
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = sent.clone();
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            log.lock().unwrap().push(text.split(" -- binds").next().unwrap().to_owned());
        }
    });
    let done = work(conn);
    conn.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    done?;
    let mut plan = Vec::new();
    for statement in std::mem::take(&mut *sent.lock().unwrap()) {
        let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn)?;
        plan.extend(steps.into_iter().map(|step| step.detail));
    }
    Ok(Cost::Plan(plan))
}

/// Rows and index entries of a table read by this connection.
fn read(conn: &mut Conn, table: &str) -> Result<i64, StoreError> {
    let statement = format!(
        "SELECT (pg_stat_get_xact_tuples_returned('{table}'::regclass) + \
         (SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0) \
          FROM pg_index WHERE indrelid = '{table}'::regclass))::bigint AS n"
    );
    let count: Count = diesel::sql_query(statement).get_result(conn)?;
    Ok(count.n)
}
