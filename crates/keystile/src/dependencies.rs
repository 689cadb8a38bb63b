//! What a test replaces.

use std::sync::Arc;

use super::browser::{Browser, SystemBrowser};
use super::clock::{Clock, SystemClock};
use super::credentials::CredentialStore;
use super::env::Environment;
use super::ui::LoginUi;

/// The things outside of the library that it touches. Each has a double in [`testing`](super::testing).
#[derive(Clone)]
pub struct Dependencies {
    /// The environment; the process's own unless said.
    pub environment: Option<Environment>,
    /// Where credentials are kept; the credentials file unless said.
    pub store: Option<Arc<dyn CredentialStore>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Opens pages.
    pub browser: Arc<dyn Browser>,
    /// Talks to the person who signs in; the terminal unless said.
    pub ui: Option<Arc<dyn LoginUi>>,
}

impl Default for Dependencies {
    fn default() -> Self {
        Self {
            environment: None,
            store: None,
            clock: Arc::new(SystemClock),
            browser: Arc::new(SystemBrowser),
            ui: None,
        }
    }
}
