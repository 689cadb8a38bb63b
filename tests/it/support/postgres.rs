//! Separate PostgreSQL databases and roles, for tests that change global settings.

use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use tempfile::TempDir;

/// A unique name.
fn unique(kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{kind}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Runs statements, each in its own transaction.
pub(crate) fn execute(url: &str, statements: &[&str]) {
    let mut connection = PgConnection::establish(url).unwrap();
    for statement in statements {
        connection.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// The first column of the first row, as text.
pub(crate) fn value(url: &str, query: &str) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Text>)]
        value: Option<String>,
    }
    let mut connection = PgConnection::establish(url).unwrap();
    let query = format!("SELECT ({query})::text AS value");
    diesel::sql_query(query).get_result::<Row>(&mut connection).unwrap().value.unwrap_or_default()
}

/// A database on the test cluster, removed on drop.
pub(crate) struct OwnDatabase {
    cluster: String,
    pub(crate) name: String,
    roles: Vec<String>,
}

impl OwnDatabase {
    /// Creates it with these options of `CREATE DATABASE`.
    pub(crate) fn new(options: &str) -> Self {
        let cluster = env::var("KEYSTILE_TEST_POSTGRES_URL").unwrap();
        let name = unique("own");
        execute(&cluster, &[&format!("CREATE DATABASE {name} {options}")]);
        Self { cluster, name, roles: Vec::new() }
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.cluster.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    /// Host and port of the server.
    pub(crate) fn host(&self) -> &str {
        let (_, rest) = self.cluster.split_once('@').unwrap();
        rest.split('/').next().unwrap()
    }

    pub(crate) fn execute(&self, statements: &[&str]) {
        execute(&self.url(), statements);
    }

    /// Begins a transaction with this statement, whose locks are held until the connection is dropped.
    pub(crate) fn in_transaction(&self, statement: &str) -> PgConnection {
        let mut connection = PgConnection::establish(&self.url()).unwrap();
        connection.batch_execute(&format!("BEGIN; {statement}")).unwrap();
        connection
    }

    /// Number of transactions that wait for a lock.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        value(&self.url(), waiting).parse().unwrap()
    }

    /// Waits until `number` transactions wait for locks.
    pub(crate) async fn until_waiting(&self, number: usize) {
        for _ in 0..1000 {
            if self.waiting() == number {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} transactions wait for locks, not {number}", self.waiting());
    }

    /// Creates a login role and returns its name and URL.
    pub(crate) fn role(&mut self) -> (String, String) {
        let role = unique("role");
        self.execute(&[&format!("CREATE ROLE {role} LOGIN")]);
        self.roles.push(role.clone());
        let url = format!("postgres://{role}@{}/{}", self.host(), self.name);
        (role, url)
    }

    /// Runs `keystiled migrate` on this URL with additional settings.
    pub(crate) fn migrate(url: &str, settings: &[(&str, &str)]) -> Result<String, String> {
        let folder = TempDir::new().unwrap();
        let done = Command::new(env!("CARGO_BIN_EXE_keystiled"))
            .arg("migrate")
            .env_clear()
            .env("KEYSTILE_DATA_DIR", folder.path())
            .env("KEYSTILE_DATABASE_URL", url)
            .envs(settings.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stderr)) }
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        execute(&self.cluster, &[&format!("DROP DATABASE {} WITH (FORCE)", self.name)]);
        for role in &self.roles {
            execute(&self.cluster, &[&format!("DROP ROLE {role}")]);
        }
    }
}
