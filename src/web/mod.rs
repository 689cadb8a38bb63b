//! Shared by the JSON endpoints and the pages.

pub mod api_document;
pub mod app;
pub mod audit_query;
pub mod browser;
pub mod client_address;
pub mod clients;
pub mod cookie_names;
pub mod cursor;
pub mod envelope;
pub mod exhausted;
pub mod export;
pub mod form;
pub mod gate;
pub mod headers;
pub mod keyring;
pub mod limits;
mod misdirected;
pub mod origin;
mod panicked;
pub mod readiness;
pub mod request_id;
pub mod route;
mod unstyled;
pub mod use_log;
