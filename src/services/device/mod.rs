//! Device authorization requests (RFC 8628), from the user code to the answer.
//!
//! A client that cannot open a browser gets a device code and a short user code, which it shows. The user
//! enters the user code in a signed-in browser, compares the page with the device, and answers. The client
//! polls the token endpoint for the answer.

mod code;
mod consent;
mod decide;
mod enter;
mod start;

pub use code::{unused_id, user_code};
pub use consent::{DeviceConsentRefusal, DeviceConsentRequest, find_consent};
pub use decide::{Decision, DecisionOutcome, Responder, decide};
pub use enter::{EntryOutcome, enter};
pub use start::{StartedRequest, start};
