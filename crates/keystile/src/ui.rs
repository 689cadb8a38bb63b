//! Talks to the person who signs in.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::secret::Secret;

/// What a person enters, once it is there; `None` if nobody can or will enter anything.
pub type SecretPrompt<'a> = Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>>;

/// The link that the person opens to approve a login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkScreen {
    /// The server, as a person knows it.
    pub server: String,
    /// Where to go.
    pub url: String,
    /// The code that the page must show too.
    pub check: Option<String>,
    /// How the authorization code gets back to the tool.
    pub delivery: CodeDelivery,
}

/// How the authorization code of a link gets back to the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeDelivery {
    /// The browser is redirected to a port of this machine.
    Loopback {
        /// The port that the tool listens on.
        port: u16,
        /// Whether the tool opens a browser by itself.
        opens_browser: bool,
    },
    /// The user pastes it.
    Pasted,
}

/// The code that the person types on any device to approve a login (RFC 8628).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeScreen {
    /// The page that asks for the code.
    pub page: String,
    /// The same page with the code filled in.
    pub complete: Option<String>,
    /// The code.
    pub code: String,
    /// How long the code is good.
    pub lifetime: Duration,
    /// A picture of the complete address, for the camera of a phone.
    pub picture: Option<String>,
}

/// What a login waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// That the browser brings the answer, for this much longer.
    ForBrowser(Duration),
    /// That the code is approved somewhere.
    ForCode,
}

/// What a person can ask for while a login waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitAction {
    /// Open the browser (again).
    Browser,
    /// Sign in with a code on another device instead.
    DeviceCode,
    /// Paste what another browser shows instead.
    Paste,
}

/// Shows the steps of a login and reports what the user chooses while it waits.
pub trait LoginUi: Send + Sync {
    /// Shows where to go.
    fn show_link(&self, screen: &LinkScreen);

    /// Shows what to type on another device.
    fn show_code(&self, screen: &CodeScreen);

    /// Shows that the login still waits; called about ten times a second.
    fn progress(&self, waiting: Waiting);

    /// The login no longer waits: whatever the wait changed on the screen is put back.
    fn progress_done(&self);

    /// Says something that does not stop the login.
    fn notice(&self, text: &str);

    /// What the person has asked for since the last call; called about ten times a second while the login waits.
    fn wait_action(&self) -> Option<WaitAction>;

    /// Asks for something that nobody else may see. Dropping the future ends the question.
    fn prompt_secret<'a>(&'a self, question: &'a str) -> SecretPrompt<'a>;

    /// Asks a yes-or-no question; `None` where nobody can answer.
    fn confirm(&self, question: &str) -> Option<bool>;
    /// The same for a question that is answered with yes unless the person says no.
    fn confirm_default_yes(&self, question: &str) -> Option<bool> {
        self.confirm(question)
    }
}
