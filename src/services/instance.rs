//! This deployment as seen from one machine: its data directory, its master key, its database.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::private_files;
use crate::config::master_key::{self, BadMasterKey};
use crate::config::{Config, MasterKeySource};
use crate::domain::entropy::Entropy;
use crate::domain::time::Clock;
use crate::keys::master::MasterKey;
use crate::store::{self, Place, Store, StoreError};

/// What the server and the administration commands work on.
pub struct Instance {
    pub store: Store,
    pub master: MasterKey,
}

/// The deployment cannot be opened on this machine.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: cannot be made or opened: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{}: {error}. {}", path.display(), error.remedy())]
    MasterKey { path: PathBuf, error: BadMasterKey },
    #[error("KEYSTILE_MASTER_KEY {0}. {remedy}", remedy = .0.remedy())]
    MasterKeyVariable(BadMasterKey),
    #[error("{place}: {error}")]
    Database { place: String, error: StoreError },
}

/// Opens the master key and the database, and makes what the first start does not find. The schema is brought up to
/// date on the way.
pub fn open(config: &Config, clock: Clock) -> Result<Instance, OpenError> {
    migrate(config)?;
    let master = master(config)?;
    let store = Store::open(&place(config), config.database.pool_size, clock)
        .map_err(|error| database_error(config, error))?;
    Ok(Instance { store, master })
}

/// Brings the schema up to date and returns the names of the migrations that ran.
pub fn migrate(config: &Config) -> Result<Vec<String>, OpenError> {
    let file = config.database.url.sqlite_path();
    let at_home = file.is_some_and(|file| file.starts_with(&config.server.data_dir));
    if at_home || config.keys.master_key == MasterKeySource::DataDir {
        let path = &config.server.data_dir;
        private_files::directory(path).map_err(|error| OpenError::File { path: path.clone(), error })?;
    }
    if let Some(file) = file {
        private_files::database(file).map_err(|error| OpenError::File { path: file.to_owned(), error })?;
    }
    store::migrate(&place(config)).map_err(|error| database_error(config, error))
}

fn place(config: &Config) -> Place {
    match config.database.url.sqlite_path() {
        Some(file) => Place::File(file.to_owned()),
        None => Place::Url(config.database.url.expose().to_owned()),
    }
}

fn database_error(config: &Config, error: StoreError) -> OpenError {
    OpenError::Database { place: config.database.url.to_string(), error }
}

fn master(config: &Config) -> Result<MasterKey, OpenError> {
    let bytes = match &config.keys.master_key {
        MasterKeySource::Env(text) => {
            master_key::decode(text.expose()).map_err(OpenError::MasterKeyVariable)?
        }
        MasterKeySource::File(path) => read(path)?,
        MasterKeySource::DataDir => {
            let path = config.server.data_dir.join("master.key");
            make(&path, Entropy)?;
            read(&path)?
        }
    };
    Ok(MasterKey::new(&bytes))
}

fn read(path: &Path) -> Result<master_key::Bytes, OpenError> {
    master_key::read(path).map_err(|error| OpenError::MasterKey { path: path.to_owned(), error })
}

fn make(path: &Path, entropy: Entropy) -> Result<(), OpenError> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let text = Zeroizing::new(STANDARD.encode(*Zeroizing::new(entropy.bytes::<{ master_key::LENGTH }>())));
    let content = Zeroizing::new(format!("{}\n", *text));
    private_files::once(path, content.as_bytes(), entropy)
        .map(drop)
        .map_err(|error| OpenError::File { path: path.to_owned(), error })
}
