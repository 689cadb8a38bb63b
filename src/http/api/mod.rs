//! The management API under `/api/v1`.

pub mod caller;
pub mod error;
pub mod sessions;
pub mod whoami;
