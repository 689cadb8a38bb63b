//! Every line of SQL. Queries are plain functions over a connection, one file per table.
//!
//! Writes go through [`Store::write`], which runs a closure in one transaction with one `now`. On PostgreSQL it takes a
//! pooled connection; on SQLite the closure is handed to the one writer thread, which runs what is waiting, each in a
//! savepoint, and commits it together. Reads go through [`Store::read`].
//!
//! What there is most of is gathered and goes to the database together: [`Store::rotate`] for refreshes,
//! [`Store::redeem`] for codes, [`Store::look`] for keys and tokens, which come with every request to the APIs behind.
//! Nothing else opens a transaction.
//!
//! Transactions on PostgreSQL lock rows in one order, so that none waits for another in a circle:
//!
//! 1. what stands for the caller alone: idempotency records, rates and throttles, in the order of their keys
//! 2. a request that waits for its answer, authorization or device
//! 3. clients
//! 4. organizations: [`organizations::lock`] to change what is allowed in one, or to end everything in it;
//!    [`organizations::hold`] to make a session in one. Inserting a row that refers to an organization holds it too, so it
//!    must be held before anything of 5 is locked
//! 5. service accounts, codes, device requests that were answered, credentials; credentials in the order of their ids
//! 6. the ends of the audit chains, in the order of their names, as the last thing before the commit
//!
//! What takes many rows of others together takes none that is locked (`SKIP LOCKED`). What deadlocks all the same runs
//! again.
//!
//! A look-up by a unique key ends with `get_result`, not with `first`: that adds a `LIMIT` whose number is bound, and SQLite
//! plans a cached statement anew every time that such a number is bound again.

pub mod audit;
pub mod authorization_codes;
pub mod authorization_requests;
mod batch;
mod batcher;
pub mod cli_sessions;
pub mod clients;
mod codec;
mod conn;
pub mod counters;
pub mod credentials;
pub mod device_requests;
mod error;
pub mod facts;
pub mod held;
pub mod idempotency_records;
mod keyset;
mod lane;
mod link;
mod looker;
mod manager;
pub mod memberships;
mod migrate;
pub mod names;
pub mod organizations;
mod pool;
mod presence;
mod query;
pub mod rates;
pub mod readiness;
pub mod recovery;
mod redeemer;
pub mod redemption;
pub mod rotation;
mod rotator;
mod schema;
pub mod service_accounts;
pub mod signing_keys;
pub mod static_credentials;
pub mod sweeping;
pub mod throttles;
mod transaction;
mod url_secrets;
pub mod usage;
pub mod users;
pub mod uses;
pub mod web_sessions;
mod writer;

pub use conn::{Conn, Place};
pub use error::{Away, StoreError};
pub use migrate::migrate;
pub use pool::{Store, Work};
pub use presence::{has_schema, inspect};
