//! A server of its own for each test.

use std::net::TcpListener;
use std::path::Path;

use keystile::config::{Config, Env};
use tempfile::TempDir;

use super::database::Database;
use super::http::{Anonymous, BrowserCaller, Machine};

/// The server of one test with everything it owns.
pub(crate) struct TestApp {
    pub(crate) config: Config,
    /// Dropped after the server, and removes what it wrote.
    data: TempDir,
    database: Database,
}

impl TestApp {
    /// On this database, with the defaults and a free port.
    pub(crate) fn on(database: Database) -> Self {
        let data = TempDir::new().unwrap();
        let address = free_address();
        let env = Env::from_iter([
            ("KEYSTILE_PUBLIC_URL", format!("http://{address}")),
            ("KEYSTILE_LISTEN", address),
            ("KEYSTILE_DATA_DIR", data.path().display().to_string()),
            ("KEYSTILE_DATABASE_URL", database.url()),
            ("KEYSTILE_DATABASE__POOL_SIZE", "4".to_owned()),
        ]);
        let config = Config::load(None, &env).unwrap_or_else(|faults| panic!("{faults}"));
        Self { config, data, database }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// A person's browser, signed in as nobody.
    pub(crate) fn browser(&self) -> BrowserCaller {
        BrowserCaller::at(self.config.server.public_url.as_str())
    }

    /// A tool with this client id.
    pub(crate) fn machine(&self, client_id: &str) -> Machine {
        Machine::at(self.config.server.public_url.as_str(), client_id)
    }

    /// Somebody unknown.
    pub(crate) fn anonymous(&self) -> Anonymous {
        Anonymous::at(self.config.server.public_url.as_str())
    }
}

/// An address of this machine that nobody listens on.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
