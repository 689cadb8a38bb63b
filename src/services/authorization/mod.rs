//! Authorization requests, from arrival to answer.
//!
//! A request is stored on arrival, pushed by a client or opened in a browser, and everything after that works
//! on the row: a form can only name the request and the decision.

mod choices;
mod client_redirect;
mod consent;
mod decide;
mod open;
mod paste;
mod progress;

pub(super) use choices::{ChoiceCriteria, MAX_AUTH_AGE, choices, is_stale};
pub use choices::{Choices, Obstacle, OrganizationChoice, obstacle};
pub use client_redirect::{ClientRedirect, find_redirect};
pub use consent::{Answerable, ConsentRefusal, ConsentRequest, find_consent};
pub use decide::{Decision, DecisionOutcome, decide};
pub use open::{OpenOutcome, OpeningBrowser, PushedRequest, open, open_pushed, open_short_link, push};
pub use paste::{CopiedCode, CopiedCodeAnswer, find_copied_code, withdraw};
pub use progress::{Progress, progress, progress_or_abandon};
