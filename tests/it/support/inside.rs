//! Direct access to the database.

use std::fs;
use std::process::Command;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use keystiled::domain::audit::RecordedEvent;
use keystiled::domain::audit::hashing::ChainEvent;
use keystiled::services::janitor;
use keystiled::store::credentials::{self, Credential};
use keystiled::store::{Conn, audit};

use super::app::TestApp;
use super::database::Database;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

impl TestApp {
    /// Number of rows of a table.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) AS n FROM {table}");
        let counted = self.inside().store.read(move |conn| {
            let query = diesel::sql_query(query);
            let count: Count = match conn {
                Conn::Postgres(conn) => query.get_result(conn)?,
                Conn::Sqlite(conn) => query.get_result(conn)?,
            };
            Ok(count.n)
        });
        counted.await.unwrap()
    }

    /// Runs a statement on the database.
    pub(crate) async fn execute(&self, statement: &str) -> Result<usize, String> {
        let statement = statement.to_owned();
        let done = self.inside().store.write(move |work| {
            let query = diesel::sql_query(statement);
            Ok(match work.conn {
                Conn::Postgres(conn) => query.execute(conn)?,
                Conn::Sqlite(conn) => query.execute(conn)?,
            })
        });
        done.await.map_err(|error| error.to_string())
    }

    /// Runs a sweep, as the server does every minute, and returns the number of deleted rows.
    pub(crate) async fn sweep(&self) -> usize {
        janitor::sweep(&self.inside().store, &self.config).await
    }

    /// Whether any table contains this text, as text or bytes.
    pub(crate) async fn holds(&self, text: &str) -> bool {
        match self.database() {
            Database::Sqlite(folder) => {
                // Read by another process: to close a file here would release the locks that this process has on it.
                let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
                let read = Command::new("cat").args(files).output().unwrap();
                assert!(read.status.success(), "{read:?}");
                contains(&read.stdout, text.as_bytes())
            }
            Database::Postgres { schema, .. } => {
                let tables = format!(
                    "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = '{schema}'"
                );
                for table in self.names(&tables).await {
                    let quoted = text.replace('\'', "''");
                    let bytes = text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
                    let found = format!(
                        "{table} t WHERE position('{quoted}' in t::text) > 0 OR position('{bytes}' in t::text) > 0"
                    );
                    if self.count(&found).await > 0 {
                        return true;
                    }
                }
                false
            }
        }
    }

    /// The column `name` of a query's rows.
    pub(crate) async fn names(&self, query: &str) -> Vec<String> {
        let query = query.to_owned();
        let found = self.inside().store.read(move |conn| {
            let query = diesel::sql_query(query);
            let rows: Vec<Name> = match conn {
                Conn::Postgres(conn) => query.load(conn)?,
                Conn::Sqlite(conn) => query.load(conn)?,
            };
            Ok(rows.into_iter().map(|row| row.name).collect())
        });
        found.await.unwrap()
    }

    /// The row of a CLI session.
    pub(crate) async fn stored(&self, session_id: &str) -> Credential {
        let id = session_id.to_owned();
        self.inside().store.read(move |conn| credentials::find(conn, &id)).await.unwrap().unwrap()
    }

    /// Audit events of an organization, in order.
    pub(crate) async fn events_of(&self, chain: &str) -> Vec<ChainEvent> {
        self.recorded_of(chain).await.into_iter().map(|recorded| recorded.event).collect()
    }

    /// Like [`Self::events_of`], with what was erased.
    pub(crate) async fn recorded_of(&self, chain: &str) -> Vec<RecordedEvent> {
        let chain = chain.to_owned();
        let read = move |conn: &mut Conn| {
            audit::page(conn, &chain, &audit::AuditFilter::default(), None, usize::MAX)
        };
        let mut recorded = self.inside().store.read(read).await.unwrap();
        recorded.sort_unstable_by_key(|recorded| recorded.event.sequence);
        recorded
    }

    /// Audit actions of an organization, in order.
    pub(crate) async fn audit_of(&self, chain: &str) -> Vec<String> {
        self.events_of(chain).await.into_iter().map(|event| event.action).collect()
    }

    /// Number of audit events with this action in the first organization.
    pub(crate) async fn audited(&self, action: &str) -> usize {
        let organization = self.owner().await.organization;
        self.audit_of(&organization.id).await.iter().filter(|known| *known == action).count()
    }
}
