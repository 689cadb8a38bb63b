//! The one HTTP client: one proxy setting, one set of roots, one retry rule, one log for sign-in and API alike.

mod response;
mod retry;
mod trace;
mod transport;

pub use response::ApiResponse;
pub(crate) use retry::{Replay, retry_after};
pub(crate) use trace::Trace;
pub(crate) use transport::{Plan, Transport, TransportOptions};
