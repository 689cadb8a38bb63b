//! The management API under `/api/v1`.

mod answer;
pub mod audit;
pub mod caller;
pub mod error;
pub mod error_code;
pub mod invitations;
pub mod keys;
pub mod leaks;
pub mod members;
pub mod openapi;
pub mod page;
mod rate_headers;
pub mod read_request;
mod responses;
pub mod scopes;
pub mod service_accounts;
pub mod sessions;
mod time;
pub mod tokens;
pub mod uses;
pub mod verify;
mod views;
pub mod whoami;
pub mod write_request;
