//! The HTTP client of logins and API calls, with one configuration of proxy, certificates, retries and trace.

mod response;
mod retry;
mod roots;
mod secrets;
mod trace;
mod transport;

pub use response::ApiResponse;
pub(crate) use retry::{Replay, retry_after};
pub(crate) use roots::CaBundle;
pub(crate) use trace::Trace;
pub(crate) use transport::{PROTOCOL_LIMIT, Plan, Transport, TransportOptions};
