//! From an authorization request to its one answer.
//!
//! A request becomes a row the moment it arrives, pushed by a tool or opened in a browser, and everything after that
//! works on the row: a form can only say which request it means and what the person decided.

mod choices;
mod client_redirect;
mod decide;
mod open;
mod paste;
mod progress;
mod question;

pub use choices::{Choice, Obstacle, obstacle};
pub(super) use choices::{FRESH, Wanted, choices, is_stale};
pub use client_redirect::{ClientRedirect, find_redirect};
pub use decide::{Decided, Decision, decide};
pub use open::{Opened, Opener, Pushed, open, open_pushed, open_short_link, push};
pub use paste::{Pasted, PastedCode, pasted, withdraw};
pub use progress::{Progress, leave, progress};
pub use question::{Answerable, Question, Unanswerable, question};
