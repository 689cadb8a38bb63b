//! The replaceable parts of a tool: environment, credential store, clock, browser and user interface.

use std::fmt;
use std::sync::Arc;

use super::browser::{Browser, SystemBrowser};
use super::clock::{Clock, SystemClock};
use super::credentials::CredentialStore;
use super::env::Environment;
use super::ui::LoginUi;

/// Environment variables, credential store, clock, browser and user interface of an [`App`](crate::App). Each defaults
/// to that of the system; [`testing`](super::testing) has a double of each.
///
/// ```
/// use std::sync::Arc;
/// use keystile::testing::MemoryStore;
/// use keystile::{Dependencies, Environment};
///
/// let isolated = Dependencies::default()
///     .environment(Environment::from([("HOME", "/tmp/weather"), ("CI", "1")]))
///     .store(Arc::new(MemoryStore::default()));
/// ```
#[derive(Clone)]
pub struct Dependencies {
    pub(crate) environment: Option<Environment>,
    pub(crate) store: Option<Arc<dyn CredentialStore>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) browser: Arc<dyn Browser>,
    pub(crate) ui: Option<Arc<dyn LoginUi>>,
}

impl fmt::Debug for Dependencies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Dependencies").field("environment", &self.environment).finish_non_exhaustive()
    }
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

impl Dependencies {
    /// Replaces the environment variables of the process.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Replaces the credentials file (and the keyring).
    #[must_use]
    pub fn store(mut self, store: Arc<dyn CredentialStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Replaces the system clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Replaces the default browser of the system.
    #[must_use]
    pub fn browser(mut self, browser: Arc<dyn Browser>) -> Self {
        self.browser = browser;
        self
    }

    /// Replaces the terminal for the prompts and screens of a login.
    #[must_use]
    pub fn ui(mut self, ui: Arc<dyn LoginUi>) -> Self {
        self.ui = Some(ui);
        self
    }
}
