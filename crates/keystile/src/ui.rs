//! The user interface of a login.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::secret::Secret;

/// The answer to a prompt for a secret; `None` if there is no user or the input ended.
pub type SecretPrompt<'a> = Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>>;

/// A link that the user opens to approve a login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkScreen {
    /// The host of the authorization server.
    pub server: String,
    /// The URL to open.
    pub url: String,
    /// The comparison code, which the page must show too.
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

/// A device code (RFC 8628).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeScreen {
    /// The `verification_uri`.
    pub page: String,
    /// The `verification_uri_complete`, which contains the code.
    pub complete: Option<String>,
    /// The `user_code`.
    pub code: String,
    /// The remaining lifetime, rounded up to whole minutes.
    pub lifetime: Duration,
    /// A QR code of the URL, drawn with block characters.
    pub picture: Option<String>,
}

/// What a login is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// The callback of the browser, for at most this long.
    ForBrowser(Duration),
    /// The approval of the device code.
    ForCode,
}

/// What a user can choose while a login waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitAction {
    /// Open the browser again.
    Browser,
    /// Change to a device code.
    DeviceCode,
    /// Change to a pasted code.
    Paste,
}

/// The user interface of a login. The default is the terminal; a graphical tool implements its own.
pub trait LoginUi: Send + Sync {
    /// Shows the link. Always called, also when a browser is opened.
    fn show_link(&self, screen: &LinkScreen);

    /// Shows the device code.
    fn show_code(&self, screen: &CodeScreen);

    /// Shows that the login is waiting; called every 100 ms.
    fn progress(&self, waiting: Waiting);

    /// The wait is over: restores what it changed on the screen.
    fn progress_done(&self);

    /// Shows a warning; the login goes on.
    fn notice(&self, text: &str);

    /// What the user chose since the last call; called every 100 ms while the login waits.
    fn wait_action(&self) -> Option<WaitAction>;

    /// Prompts for a secret without echo. Dropping the future cancels the prompt.
    fn prompt_secret<'a>(&'a self, question: &'a str) -> SecretPrompt<'a>;

    /// Asks a yes-or-no question, by default no; `None` if there is no user.
    /// A login asks before it replaces another credential.
    fn confirm(&self, question: &str) -> Option<bool>;
    /// Like [`confirm`](Self::confirm), by default yes.
    fn confirm_default_yes(&self, question: &str) -> Option<bool> {
        self.confirm(question)
    }
}
