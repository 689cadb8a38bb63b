//! Talks to the person who signs in.

use std::time::Duration;

/// What the person needs to approve a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkScreen {
    /// The server, as a person knows it.
    pub server: String,
    /// Where to go.
    pub url: String,
    /// The code that the page must show too.
    pub check: Option<String>,
    /// Whether a browser is about to be opened here.
    pub opens_browser: bool,
    /// The port that the answer comes to.
    pub port: u16,
}

/// Shows the steps of a login and hears the person's wishes meanwhile.
pub trait LoginUi: Send + Sync {
    /// Shows where to go.
    fn show_link(&self, screen: &LinkScreen);

    /// Shows how long the login still waits; called about ten times a second.
    fn progress(&self, left: Duration);

    /// The login no longer waits.
    fn progress_done(&self);

    /// Says something that does not stop the login.
    fn notice(&self, text: &str);

    /// Whether the person has asked for the browser again; called about ten times a second.
    fn wants_browser(&self) -> bool;

    /// Asks a yes-or-no question; `None` where nobody can answer.
    fn confirm(&self, question: &str) -> Option<bool>;
}
