//! `[database]`

use crate::config::database_url::DatabaseUrl;
use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::section::section;
use crate::config::values::{Parsed, text};

section! {
    /// The database: SQLite or PostgreSQL.
    #[derive(Debug, Clone)]
    pub struct Database = [database] {
        /// `sqlite:///path/to/file.db` or `postgres://user:password@host/database`. `{data_dir}` is the directory from
        /// above. In user and password, write `%` as `%25`, `/` as `%2F`, `#` as `%23`, `?` as `%3F`, `@` as `%40` and a
        /// space as `%20`.
        url: DatabaseUrl = "sqlite://{data_dir}/keystile.db", database_url, env "KEYSTILE_DATABASE_URL";

        /// Maximum number of connections to the database.
        ///
        /// Each node opens five more on PostgreSQL and three on SQLite, dedicated to refreshes, code exchanges and
        /// credential lookups.
        pool_size: u32 = 12, 1..=1000;

        /// `"transaction"` if PostgreSQL is behind a pooler that may run each transaction in another session, such as
        /// PgBouncer with `pool_mode = transaction`: the server then uses no prepared statements and no session
        /// settings. `"session"` otherwise.
        ///
        /// See [PostgreSQL](#postgresql).
        pooler: Pooler = "session", pooler;

        /// Additional connections for audit logs, exports and usage, so that nothing else waits for them. A report that
        /// gets none within two seconds fails with status 503 and `Retry-After`.
        report_pool_size: u32 = 2, 1..=1000;
    }
}

/// Kind of connection pooler in front of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    /// No pooler, or one that gives each connection a server session of its own.
    Session,
    /// A pooler that may run each transaction in another server session, such as PgBouncer with
    /// `pool_mode = transaction`.
    Transaction,
}

fn database_url(value: &Value) -> Parsed<DatabaseUrl> {
    DatabaseUrl::parse(text(value)?)
}

fn pooler(value: &Value) -> Parsed<Pooler> {
    match text(value)? {
        "session" => Ok(Pooler::Session),
        "transaction" => Ok(Pooler::Transaction),
        _ => Err(ValueError::new(
            "is not a pooler mode",
            "Write \"transaction\" if a pooler in transaction mode is in front of PostgreSQL, otherwise \"session\".",
        )),
    }
}
