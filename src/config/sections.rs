//! The sections of the configuration.

mod audit;
mod brand;
mod catalog;
mod credentials;
mod database;
mod keys;
mod limits;
mod log;
mod organizations;
mod server;
mod sign_in;
mod tokens;

use std::path::PathBuf;

pub use audit::Audit;
pub use brand::Brand;
pub(super) use catalog::CatalogSettings;
pub use credentials::Credentials;
pub use database::{Database, Pooler};
pub use keys::Keys;
pub use limits::Limits;
pub use log::{Log, LogFormat};
pub use organizations::Organizations;
pub use server::Server;
pub use sign_in::SignIn;
pub use tokens::Tokens;

use super::key::Section;
use crate::domain::rate_policy::RatePolicy;
use crate::domain::resource::Resource;
use crate::domain::role::Role;
use crate::domain::scope::Catalog;
use crate::domain::secret::Secret;

/// A complete and validated configuration.
#[derive(Debug, Clone)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub keys: Keys,
    pub master_key: MasterKeySource,
    pub brand: Brand,
    pub tokens: Tokens,
    pub sign_in: SignIn,
    pub organizations: Organizations,
    pub limits: Limits,
    pub credentials: Credentials,
    pub audit: Audit,
    pub rate_policies: Vec<RatePolicy>,
    /// Audiences of tokens in addition to this server.
    pub resources: Vec<Resource>,
    pub log: Log,
    pub catalog: Catalog,
    /// The four built-in roles, then those that the deployment adds.
    pub roles: Vec<Role>,
}

/// The source of the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// `KEYSTILE_MASTER_KEY`, already validated.
    Env(Secret),
    /// `keys.master_key_file`
    File(PathBuf),
    /// `{data_dir}/master.key`, created at the first start.
    DataDir,
}

/// Every section, in the order of config/example.toml.
pub(super) fn all() -> [Section; 12] {
    [
        Server::section(),
        Database::section(),
        Keys::section(),
        Brand::section(),
        Tokens::section(),
        SignIn::section(),
        Organizations::section(),
        Limits::section(),
        Credentials::section(),
        Audit::section(),
        Log::section(),
        CatalogSettings::section(),
    ]
}
