//! All SQL. [`Store`] has one file per table, whose queries are plain functions over a connection; `engine` knows both
//! databases and no table; [`batched`] gathers statements of many requests.
//!
//! Writes go through [`Store::write`], which runs a closure in one transaction with one `now`. On PostgreSQL it takes a
//! pooled connection. On SQLite it queues the closure for the single writer thread, which runs queued closures each in
//! a savepoint and commits them together. Reads go through [`Store::read`].
//!
//! The most frequent operations are batched: [`Store::rotate`] for refreshes, [`Store::redeem`] for authorization
//! codes, and [`Store::find_by_secret`] for API keys and tokens. Nothing else opens a transaction.
//!
//! To avoid deadlocks, transactions on PostgreSQL lock rows in one order:
//! 1. rows of the caller alone: idempotency records, rates and throttles, in the order of their keys. Exception: the
//!    rate of a session is locked after that session, and nothing else takes it
//! 2. an unanswered authorization request or device request
//! 3. clients; the user who makes an organization
//! 4. organizations: [`organizations::lock`] to change a policy or to end everything in the organization;
//!    [`organizations::lock_shared`] to create a session in it. Inserting a row that refers to an organization also takes the
//!    shared lock, so call `lock_shared` before locking anything of 5
//! 5. invitations, service accounts, codes, answered device requests, credentials; credentials in the order of their ids
//! 6. counters and settings. A transaction that changes signing keys locks their setting first, and after it only 7
//! 7. the heads of the audit chains, in the order of their names, immediately before the commit
//!
//! A transaction that locks many rows of other callers skips those that are locked (`SKIP LOCKED`). One that deadlocks
//! all the same is retried.
//!
//! A lookup by a unique key ends with `get_result` instead of `first`. `first` adds a `LIMIT` with a bound number, and
//! SQLite plans a cached statement again each time that such a number is bound.

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
pub mod erasure;
pub mod idempotency_records;
pub mod invitations;
pub mod join_links;
pub mod member_credentials;
pub mod members;
pub mod memberships;
pub mod names;
pub mod organization_names;
pub mod organization_purge;
pub mod organizations;
pub mod own_sessions;
pub mod password_resets;
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
