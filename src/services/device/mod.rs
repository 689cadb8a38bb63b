//! From the code on a device to the one answer of a person (RFC 8628).
//!
//! A tool that cannot open a browser asks here for two codes: one that it keeps, and a short one that it shows. A
//! person enters the short one in a browser where they are signed in, compares what the page says with the device, and
//! answers. The tool comes for the answer to the token endpoint.

mod code;
mod consent;
mod decide;
mod enter;
mod start;

pub use code::{unused_id, user_code};
pub use consent::{DeviceConsentRequest, Unanswerable, find_consent};
pub use decide::{Decision, DecisionOutcome, Responder, decide};
pub use enter::{EntryOutcome, enter};
pub use start::{StartedRequest, start};
