//! Every line of SQL, in three rooms: [`Store`] with one file per table, whose queries are plain functions over a
//! connection; `engine`, which knows both databases and no table; and [`batched`], for the statements that are gathered.
//!
//! Writes go through [`Store::write`], which runs a closure in one transaction with one `now`. On PostgreSQL it takes a
//! pooled connection; on SQLite the closure is handed to the one writer thread, which runs what is waiting, each in a
//! savepoint, and commits it together. Reads go through [`Store::read`].
//!
//! What there is most of is gathered and goes to the database together: [`Store::rotate`] for refreshes,
//! [`Store::redeem`] for codes, [`Store::find_by_secret`] for keys and tokens, which come with every request to the APIs behind.
//! Nothing else opens a transaction.
//!
//! Transactions on PostgreSQL lock rows in one order, so that none waits for another in a circle:
//!
//! 1. what belongs to the caller alone: idempotency records, rates and throttles, in the order of their keys. The rate that
//!    belongs to one session is locked after that session, and nothing else takes it
//! 2. a request that waits for its answer, authorization or device
//! 3. clients
//! 4. organizations: [`organizations::lock`] to change what is allowed in one, or to end everything in it;
//!    [`organizations::lock_shared`] to make a session in one. Inserting a row that refers to an organization holds it too, so it
//!    must be held before anything of 5 is locked
//! 5. service accounts, codes, device requests that were answered, credentials; credentials in the order of their ids
//! 6. counters and facts. A transaction that changes signing keys locks their fact first, and then only 7
//! 7. the ends of the audit chains, in the order of their names, as the last thing before the commit
//!
//! What takes many rows of others together takes none that is locked (`SKIP LOCKED`). What deadlocks all the same runs
//! again.
//!
//! A look-up by a unique key ends with `get_result`, not with `first`: that adds a `LIMIT` whose number is bound, and SQLite
//! plans a cached statement anew every time that such a number is bound again.

pub mod audit;
pub mod authorization_codes;
pub mod authorization_requests;
pub mod batched;
pub mod cli_sessions;
pub mod clients;
pub mod counters;
pub mod credentials;
pub mod deployment_settings;
pub mod device_requests;
pub mod ended_credentials;
mod engine;
pub mod idempotency_records;
pub mod memberships;
pub mod names;
pub mod organizations;
pub mod own_sessions;
mod pool;
mod queued_pool;
pub mod rates;
pub mod readiness;
pub mod recovery;
pub mod service_accounts;
pub mod signing_keys;
pub mod static_credentials;
pub mod sweeping;
pub mod throttles;
mod transaction;
mod tx_error;
pub mod usage_counts;
pub mod usage_events;
pub mod users;
pub mod web_sessions;
mod work;

pub use engine::conn::{Conn, DatabaseLocation};
pub use engine::error::{StoreError, UnavailableReason};
pub use engine::migrate::migrate;
pub use engine::presence::{has_schema, inspect};
pub use pool::Store;
pub use tx_error::{RefusalReason, TxError};
pub use work::Work;
