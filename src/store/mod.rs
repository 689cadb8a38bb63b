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
pub mod credentials;
pub mod device_requests;
mod error;
pub mod facts;
pub mod held;
pub mod idempotency_records;
mod link;
mod looker;
pub mod memberships;
mod migrate;
pub mod names;
pub mod organizations;
mod pool;
mod presence;
mod query;
pub mod rates;
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
mod url_secrets;
pub mod usage;
pub mod users;
pub mod uses;
pub mod web_sessions;
mod writer;

pub use conn::{Conn, Place};
pub use error::StoreError;
pub use migrate::migrate;
pub use pool::{Store, Work};
pub use presence::{has_schema, inspect};
