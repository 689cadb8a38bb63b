//! What happens at each page's address: read, check, do, answer.

pub mod account;
pub mod api_access;
pub mod api_reference;
pub mod audit;
pub mod authorize;
mod choices;
mod consent;
mod credential_card;
pub mod credential_limits;
mod credential_list;
pub mod device;
pub mod key_permissions;
pub mod keys;
mod member;
pub mod misc;
mod once;
pub mod one_key;
pub mod one_service_account;
pub mod one_session;
mod paging;
pub mod paste;
mod refused;
pub mod scopes;
mod secret;
pub mod service_accounts;
pub mod sessions;
pub mod setup;
pub mod tokens;
pub mod usage;
mod visit;
mod waiting;

pub use visit::security_headers;
