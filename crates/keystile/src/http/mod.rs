//! The HTTP client. Proxy, certificates, retries and trace are the same for login and API calls.

mod response;
mod retry;
mod trace;
mod transport;

pub use response::ApiResponse;
pub(crate) use retry::{Replay, retry_after};
pub(crate) use trace::Trace;
pub(crate) use transport::{Plan, Transport, TransportOptions};
