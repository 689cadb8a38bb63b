//! A deployment that is filled before its server starts.

use std::error::Error;
use std::net::{SocketAddr, TcpListener};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystiled::config::{Config, Env};
use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::clock::Clock;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::role;
use keystiled::keys::master::MasterKey;
use keystiled::services::accounts::{self, NewUser};
use keystiled::services::instance::{self, Instance};
use keystiled::store::organizations::Organization;
use keystiled::store::users::User;
use keystiled::store::{Store, StoreError, Work};
use tempfile::TempDir;

use super::database::Database;

/// Settings, data directory and address of a server with default settings.
pub(crate) struct Deployment<'a> {
    pub(crate) database: &'a Database,
    pub(crate) config: Config,
    pub(crate) master: MasterKey,
    pub(crate) address: SocketAddr,
    /// The only person, and their organization.
    pub(crate) owner: Owner,
    env: Vec<(&'static str, String)>,
    _data: TempDir,
}

/// The owner of the measured sessions.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) user: User,
    pub(crate) organization: Organization,
}

impl<'a> Deployment<'a> {
    pub(crate) async fn new(database: &'a Database) -> Result<Self, Box<dyn Error>> {
        let data = TempDir::new()?;
        let address = free_address()?;
        let env = vec![
            ("KEYSTILE_PUBLIC_URL", format!("http://{address}")),
            ("KEYSTILE_LISTEN", address.to_string()),
            ("KEYSTILE_DATA_DIR", data.path().display().to_string()),
            ("KEYSTILE_DATABASE_URL", database.url()),
            ("KEYSTILE_MASTER_KEY", STANDARD.encode(Entropy.bytes::<32>())),
        ];
        let variables: Env = env.iter().cloned().collect();
        let config = Config::load(None, &variables).map_err(|faults| faults.to_string())?;
        let Instance { store, master } = instance::open_or_create(&config, Clock::System)?;
        let registered = config.clone();
        let owner = store.write(move |work| people(work, &registered)).await?;
        Ok(Self { database, config, master, address, owner, env, _data: data })
    }

    pub(crate) fn env(&self) -> &[(&'static str, String)] {
        &self.env
    }

    /// Turns off the log of uses.
    pub(crate) fn without_log_of_uses(mut self) -> Self {
        self.env.push(("KEYSTILE_AUDIT__LOG_USES", "false".to_owned()));
        self
    }

    /// Opens the database, in addition to the server's connections.
    pub(crate) fn store(&self) -> Result<Store, Box<dyn Error>> {
        Ok(instance::open_database(&self.config, Clock::System)?)
    }
}

/// An unused address.
pub(crate) fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn people(work: &mut Work<'_>, config: &Config) -> Result<Owner, StoreError> {
    let (actor, origin) = (Actor::Operator, Origin::default());
    accounts::ensure_companion(work, config)?;
    let ada = NewUser {
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        // No one signs in here, so the hash does not have to match a password.
        password_hash: String::new(),
    };
    let user = accounts::create_user(work, ada, &actor, &origin)?;
    let organization = accounts::create_organization(work, "Analytical", &actor, &origin)?;
    accounts::add_member(work, &organization, &user, role::OWNER, &actor, &origin)?;
    Ok(Owner { user, organization })
}
