//! The management API under `/api/v1`.

pub mod audit;
pub mod caller;
pub mod command;
pub mod error;
pub mod keys;
pub mod page;
mod rate_headers;
pub mod scopes;
pub mod service_accounts;
pub mod sessions;
mod shown;
mod time;
pub mod tokens;
pub mod uses;
pub mod verify;
pub mod whoami;
