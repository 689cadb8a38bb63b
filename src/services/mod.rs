//! Use cases, one a file.

pub mod accounts;
pub mod acting;
pub mod api_access;
pub mod api_keys;
pub mod audit_log;
pub mod authorization;
pub mod bounds;
pub mod credential_policy;
pub mod device;
pub mod idempotency;
pub mod instance;
pub mod introspection;
pub mod janitor;
pub mod key_exchange;
pub mod named;
pub mod personal_tokens;
pub mod present;
mod private_files;
pub mod refusal;
pub mod revocation;
pub mod service_accounts;
pub mod sessions;
pub mod setup;
pub mod sign_in;
pub mod signing_keys;
pub mod uses;
pub mod wishes;
