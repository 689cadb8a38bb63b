//! A server of its own for each test: the real one, in this process, on a database of its own.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use keystiled::config::{Config, Env};
use keystiled::domain::time::Clock;
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
/// Its catalog, unless it says one of its own: that of a service with scopes of every level.
const CATALOG: &str = include_str!("../../../config/deployments.toml");

/// The running server of one test with everything it owns.
pub(crate) struct TestApp {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(super) owner: OnceCell<Person>,
    server: Server,
    settings: Vec<(String, String)>,
    /// Dropped after the server, and removes what it wrote.
    data: Arc<TempDir>,
    database: Arc<Database>,
}

/// A server to be.
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

    /// With a setting as the environment would give it; the last one of a name counts.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a public URL that has a path.
    pub(crate) fn with_path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// With these lines in the configuration file, which other nodes on the same data directory have too.
    pub(crate) fn with_file(self, text: &str) -> Self {
        let catalog = if text.contains("[[scopes]]") { "" } else { CATALOG };
        let path = self.data.path().join(FILE);
        fs::write(&path, format!("{text}\n{catalog}")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        self
    }

    /// With a clock that stands until [`TestApp::advance`] moves it.
    pub(crate) fn manual_clock(mut self) -> Self {
        self.clock = Clock::manual(Clock::System.now());
        self
    }

    pub(crate) async fn start(self) -> TestApp {
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
    /// On this database, with the defaults and a free port.
    pub(crate) async fn on(database: Database) -> Self {
        Builder::on(database).start().await
    }

    /// What another node of the same deployment would be started with: the same public URL, database, data directory
    /// and clock, an address of its own.
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

    /// The server from the inside, for what a test wants to put into the database or to find there.
    pub(crate) fn inside(&self) -> &App {
        self.server.app()
    }

    /// Where this node listens; the public URL may be another node's.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The public URL, as every client must spell it.
    pub(crate) fn issuer(&self) -> &str {
        self.config.server.public_url.as_str()
    }

    /// The name of the cookie of a browser's session.
    pub(crate) fn session_cookie(&self) -> &str {
        &self.inside().cookie_names.session
    }

    /// Moves the clock of a server that was built with [`Builder::manual_clock`].
    pub(crate) fn advance(&self, by: TimeDelta) {
        assert!(matches!(self.clock, Clock::Manual(_)), "the system clock cannot be moved");
        self.clock.advance(by);
    }

    /// A person's browser, signed in as nobody.
    pub(crate) fn browser(&self) -> BrowserCaller {
        BrowserCaller::at(&self.base())
    }

    /// A tool with this client id.
    pub(crate) fn machine(&self, client_id: &str) -> Machine {
        Machine::at(&self.base(), client_id)
    }

    /// Somebody unknown.
    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous::at(&self.base())
    }

    /// The URL at which this node answers.
    pub(crate) fn base(&self) -> String {
        format!("http://{}{}", self.address(), self.config.server.public_url.path())
    }

    /// Ends the server as a stop signal would.
    pub(crate) async fn stop(self) {
        self.server.stop().await.unwrap();
    }
}
