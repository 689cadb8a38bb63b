//! The real server, in this process, with a database per test.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use keystiled::config::{Config, Env};
use keystiled::domain::clock::Clock;
use keystiled::serve::Server;
use keystiled::web::app::App;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::database::Database;
use super::http::{Anonymous, BrowserCaller, Machine};
use super::people::Person;
use super::ready_made;

/// The configuration file of a test, in the data directory.
pub(super) const FILE: &str = "keystile.toml";
/// Default catalog of tests, with scopes of every level.
const CATALOG: &str = include_str!("../../../config/deployments.toml");

/// The running server of a test.
pub(crate) struct TestApp {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(super) owner: OnceCell<Person>,
    server: Server,
    settings: Vec<(String, String)>,
    /// The data directory, removed after the server is dropped.
    data: Arc<TempDir>,
    database: Arc<Database>,
}

/// Builds a [`TestApp`].
pub(crate) struct Builder {
    settings: Vec<(String, String)>,
    /// The path of the public URL.
    path: &'static str,
    clock: Clock,
    data: Arc<TempDir>,
    database: Arc<Database>,
}

impl Builder {
    pub(crate) fn on(database: Database) -> Self {
        let settings = [("KEYSTILE_DATABASE__POOL_SIZE", "4"), ("KEYSTILE_SERVER__WORKERS", "2")];
        let builder = Self {
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            path: "",
            clock: Clock::System,
            data: Arc::new(TempDir::new().unwrap()),
            database: Arc::new(database),
        };
        builder.with_file("")
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Sets an environment variable; the last value counts.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a path for the public URL.
    pub(crate) fn with_path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// Sets the configuration file, which other nodes on the same data directory share.
    pub(crate) fn with_file(self, text: &str) -> Self {
        let catalog = if text.contains("[[scopes]]") { "" } else { CATALOG };
        let path = self.data.path().join(FILE);
        fs::write(&path, format!("{text}\n{catalog}")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        self
    }

    /// Uses a clock that only [`TestApp::advance`] moves.
    pub(crate) fn manual_clock(mut self) -> Self {
        self.clock = Clock::manual(Clock::System.now());
        self
    }

    /// Boxed, because the configuration makes it a large future.
    pub(crate) async fn start(self) -> TestApp {
        Box::pin(self.begin()).await
    }

    async fn begin(self) -> TestApp {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let own = [
            ("KEYSTILE_PUBLIC_URL", format!("http://{address}{}", self.path)),
            ("KEYSTILE_LISTEN", address.to_string()),
            ("KEYSTILE_DATA_DIR", self.data.path().display().to_string()),
            ("KEYSTILE_DATABASE_URL", self.database.url()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let env: Env = own.into_iter().chain(self.settings.iter().cloned()).collect();
        let config = Config::load(Some(&self.data.path().join(FILE)), &env)
            .unwrap_or_else(|faults| panic!("{faults}"));
        ready_made::signing_keys(&config, &self.clock).await;
        let server = Box::pin(Server::start_on(listener, config.clone(), self.clock.clone())).await;
        TestApp {
            server: server.unwrap_or_else(|error| panic!("{error}")),
            config,
            clock: self.clock,
            owner: OnceCell::new(),
            settings: self.settings,
            data: self.data,
            database: self.database,
        }
    }
}

impl TestApp {
    /// Starts with defaults on this database and a free port.
    pub(crate) async fn on(database: Database) -> Self {
        Builder::on(database).start().await
    }

    /// Builder for another node of the deployment: same public URL, database, data directory and clock,
    /// another address.
    pub(crate) fn another_node(&self) -> Builder {
        let builder = Builder {
            settings: self.settings.clone(),
            path: "",
            clock: self.clock.clone(),
            data: self.data.clone(),
            database: self.database.clone(),
        };
        builder.with("KEYSTILE_PUBLIC_URL", self.config.server.public_url.as_str())
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The app in this process, for direct access to the database.
    pub(crate) fn inside(&self) -> &App {
        self.server.app()
    }

    /// Address of this node; the public URL may be another node's.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The public URL.
    pub(crate) fn issuer(&self) -> &str {
        self.config.server.public_url.as_str()
    }

    /// Name of the session cookie.
    pub(crate) fn session_cookie(&self) -> &str {
        &self.inside().cookie_names.session
    }

    /// Moves the clock of [`Builder::manual_clock`].
    pub(crate) fn advance(&self, by: TimeDelta) {
        assert!(matches!(self.clock, Clock::Manual(_)), "the system clock cannot be moved");
        self.clock.advance(by);
    }

    /// A browser without a session.
    pub(crate) fn browser(&self) -> BrowserCaller {
        BrowserCaller::at(&self.base())
    }

    /// A public client with this id.
    pub(crate) fn machine(&self, client_id: &str) -> Machine {
        Machine::at(&self.base(), client_id)
    }

    /// A client without credentials.
    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous::at(&self.base())
    }

    /// URL of this node.
    pub(crate) fn base(&self) -> String {
        format!("http://{}{}", self.address(), self.config.server.public_url.path())
    }

    /// Stops the server as a signal would.
    pub(crate) async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}
