//! The HTTP client of logins and API calls, with one configuration of proxy, certificates, retries and trace.

mod failure;
mod response;
mod retry;
mod roots;
mod secrets;
mod stream;
mod trace;
mod transport;

#[cfg(feature = "tower")]
pub(crate) use failure::innermost;
pub(crate) use failure::timed_out;
pub use response::ApiResponse;
pub(crate) use retry::{Replay, retry_after};
pub(crate) use roots::CaBundle;
pub(crate) use trace::Trace;
pub(crate) use transport::{Arrived, PROTOCOL_LIMIT, Plan, Reading, Transport, TransportOptions};
