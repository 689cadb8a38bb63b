//! The user interface of a login.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::secret::Secret;

/// The future of a prompt for a secret. `None` if there is no user or the input ended.
pub type SecretPrompt<'a> = Pin<Box<dyn Future<Output = Option<Secret>> + Send + 'a>>;

/// A link that the user opens to approve a login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkScreen {
    /// The host name of the authorization server, followed by `:port` unless it is the default port.
    pub server: String,
    /// The URL to open.
    pub url: String,
    /// The comparison code, which the page shows too; `None` if the server sent none.
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
        /// Whether the tool opens the browser itself.
        opens_browser: bool,
    },
    /// The user pastes it.
    Pasted,
}

/// A user code to enter on another device (RFC 8628, section 3.2).
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
    /// A QR code of the URL, drawn with block characters; `None` unless requested.
    pub picture: Option<String>,
}

/// What a login is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Waiting {
    /// The callback of the browser, for this much longer.
    ForBrowser(Duration),
    /// The approval of the device code.
    ForCode,
}

/// What the user can do while a login waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitAction {
    /// Open the browser again.
    Browser,
    /// Change to a device code.
    DeviceCode,
    /// Change to a copied code.
    Paste,
}

/// The user interface of a login. The default is the terminal; a graphical tool implements its own. Methods must return
/// quickly, except those that ask the user.
pub trait LoginUi: Send + Sync {
    /// Shows the link. Always called, even when a browser is opened.
    fn show_link(&self, screen: &LinkScreen);

    /// Shows the device code.
    fn show_code(&self, screen: &CodeScreen);

    /// Shows that the login is waiting. Called every 100 ms.
    fn progress(&self, waiting: Waiting);

    /// Called when the wait is over, to remove what [`progress`](Self::progress) shows.
    fn progress_done(&self);

    /// Shows a warning. The login continues.
    fn notice(&self, text: &str);

    /// What the user has chosen since the last call. Called every 100 ms while the login waits.
    fn wait_action(&self) -> Option<WaitAction>;

    /// Whether [`prompt_secret`](Self::prompt_secret) can reach a user. A login with a copied code fails without showing a
    /// link if it cannot.
    fn can_prompt(&self) -> bool {
        true
    }

    /// Prompts for a secret without echo. Dropping the future cancels the prompt.
    fn prompt_secret<'a>(&'a self, question: &'a str) -> SecretPrompt<'a>;

    /// Asks a yes-or-no question whose default is no, for example before a login replaces another credential. `None` if
    /// there is no user.
    fn confirm(&self, question: &str) -> Option<bool>;

    /// Asks for a line of text, for example the scopes of a new key. `None`, the default, means that there is no user.
    fn prompt_line(&self, _question: &str) -> Option<String> {
        None
    }

    /// Asks a yes-or-no question whose default is yes. `None` if there is no user.
    fn confirm_default_yes(&self, question: &str) -> Option<bool> {
        self.confirm(question)
    }
}
