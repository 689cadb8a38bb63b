//! From the code on a device to the one answer of a person (RFC 8628).
//!
//! A tool that cannot open a browser asks here for two codes: one that it keeps, and a short one that it shows. A
//! person enters the short one in a browser where they are signed in, compares what the page says with the device, and
//! answers. The tool comes for the answer to the token endpoint.

mod code;
mod decide;
mod enter;
mod question;
mod start;

pub use code::{unused_id, user_code};
pub use decide::{Answerer, Decided, Decision, decide};
pub use enter::{Entered, enter};
pub use question::{Question, Unanswerable, question};
pub use start::{Started, start};
