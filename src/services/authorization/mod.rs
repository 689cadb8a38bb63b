//! From an authorization request to its one answer.
//!
//! A request becomes a row the moment it arrives, pushed by a tool or opened in a browser, and everything after that
//! works on the row: a form can only say which request it means and what the person decided.

mod decide;
mod open;
mod question;
mod way_back;

pub use decide::{Decided, Decision, decide};
pub use open::{Opened, Pushed, open, open_pushed, open_short_link, push};
pub use question::{Answerable, Choice, Question, Unanswerable, question};
pub use way_back::{WayBack, way_back};
