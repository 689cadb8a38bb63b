//! The deployment on this machine: data directory, master key and database.
//!
//! `keystiled serve` and `keystiled init` create a deployment if there is none: [`open_or_create`],
//! [`open_or_create_database`]. Every other command only opens an existing one, so that a command with a
//! different configuration cannot create a second database or master key. A [`MasterKey`] from this module is
//! verified against the active signing key, if there is one, so nothing is sealed with a key that other nodes
//! lack.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::private_files;
use super::signing_keys::{self, SealedKeys};
use crate::config::master_key::{self, MasterKeyError};
use crate::config::{Config, MasterKeySource};
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::monotonic;
use crate::keys::master::MasterKey;
use crate::store::{self, DatabaseLocation, Store, StoreError, readiness};

/// How long a migration waits for other nodes and for locks on its tables.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(60);

/// An opened deployment.
pub struct Instance {
    pub store: Store,
    pub master: MasterKey,
}

/// Why the deployment cannot be opened on this machine.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    #[error("{}: cannot be created or opened: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{}: {error}. {}", path.display(), error.remedy())]
    MasterKey { path: PathBuf, error: MasterKeyError },
    #[error("KEYSTILE_MASTER_KEY {0}. {remedy}", remedy = .0.remedy())]
    MasterKeyVariable(MasterKeyError),
    #[error("{place}: {error}")]
    Database { place: String, error: StoreError },
    #[error(
        "{place}: no database there; which configuration does the server use? Run this command with the server's \
         --config file and KEYSTILE_ variables, as the server's user. A new deployment begins with `keystiled init` \
         or `keystiled serve`."
    )]
    NoDatabase { place: String },
    #[error(
        "{place}: no database there, but {} is the master key of a deployment that had one. Restore the database, or \
         set KEYSTILE_DATABASE_URL to where it is now. To begin a new deployment, move that key away first, or set \
         KEYSTILE_DATA_DIR to another directory.",
        master_key.display()
    )]
    LostDatabase { place: String, master_key: PathBuf },
    #[error(
        "{}: no master key there, and the signing keys in {place} are sealed with one. Which configuration does the \
         server use? Set KEYSTILE_MASTER_KEY_FILE or KEYSTILE_MASTER_KEY to the key that the other nodes have, or \
         restore this file from its backup.",
        path.display()
    )]
    MissingMasterKey { place: String, path: PathBuf },
    #[error(
        "{origin}: is not the master key that the signing keys in {place} are sealed with. Which configuration does \
         the server use? Set KEYSTILE_MASTER_KEY_FILE or KEYSTILE_MASTER_KEY to the key that the other nodes have."
    )]
    WrongMasterKey { place: String, origin: String },
    #[error(
        "{place}: there are no signing keys yet. The server creates them when it starts: run `keystiled serve`."
    )]
    NoSigningKeys { place: String },
    #[error(
        "{}: another server{holder} runs on this database. Stop that one first. Several servers share a PostgreSQL \
         database, never a SQLite file.",
        path.display()
    )]
    InUse { path: PathBuf, holder: String },
}

/// Opens the deployment for `keystiled serve`, or creates it.
pub fn open_or_create(config: &Config, clock: Clock) -> Result<Instance, InstanceError> {
    create_database(config)?;
    // Read before the key file: a node that starts concurrently creates the file first and seals afterwards.
    let sealed = sealed_keys(config)?;
    let master = match find_master(config)? {
        Some(master) => master,
        None if sealed == SealedKeys::None => create_master(config)?,
        None => return Err(missing_master(config)),
    };
    check_master(config, &master, &sealed)?;
    Ok(Instance { store: connect(config, clock)?, master })
}

/// Opens the database for `keystiled init`, or creates it.
pub fn open_or_create_database(config: &Config, clock: Clock) -> Result<Store, InstanceError> {
    create_database(config)?;
    connect(config, clock)
}

/// Opens an existing deployment, with the master key that its signing keys are sealed with.
pub fn open(config: &Config, clock: Clock) -> Result<Instance, InstanceError> {
    let store = open_database(config, clock)?;
    let sealed = sealed_keys(config)?;
    if sealed == SealedKeys::None {
        return Err(InstanceError::NoSigningKeys { place: display_location(config) });
    }
    let master = find_master(config)?.ok_or_else(|| missing_master(config))?;
    check_master(config, &master, &sealed)?;
    Ok(Instance { store, master })
}

/// Opens an existing database.
pub fn open_database(config: &Config, clock: Clock) -> Result<Store, InstanceError> {
    if !has_schema(config)? {
        return Err(InstanceError::NoDatabase { place: display_location(config) });
    }
    update_schema(config)?;
    connect(config, clock)
}

/// Migrates the schema and returns the names of the migrations that ran. Also fills an empty PostgreSQL
/// database, because the role that may create tables need not be the server's; does not create a SQLite file.
pub fn migrate(config: &Config) -> Result<Vec<String>, InstanceError> {
    if is_missing(config)? && config.database.url.sqlite_path().is_some() {
        return Err(InstanceError::NoDatabase { place: display_location(config) });
    }
    update_schema(config)
}

/// Creates the database if missing, and migrates its schema.
fn create_database(config: &Config) -> Result<(), InstanceError> {
    if is_missing(config)? {
        if own_file(config).is_some() {
            create_data_dir(config)?;
        }
        if let Some(file) = config.database.url.sqlite_path() {
            private_files::create_empty(file).map_err(|error| file_error(file, error))?;
        }
    }
    update_schema(config).map(drop)
}

/// Whether there is no database yet. A master key in the data directory proves that there was one: error
/// `LostDatabase`.
pub(super) fn is_missing(config: &Config) -> Result<bool, InstanceError> {
    // Checked before the database: a node that starts at the same time creates the tables before the key.
    let master_key = own_master_key(config).filter(|path| path.exists());
    if has_schema(config)? {
        return Ok(false);
    }
    master_key.map_or(Ok(true), |master_key| {
        Err(InstanceError::LostDatabase { place: display_location(config), master_key })
    })
}

/// The SQLite file, if it is in the data directory.
fn own_file(config: &Config) -> Option<&Path> {
    config.database.url.sqlite_path().filter(|file| file.starts_with(&config.server.data_dir))
}

fn update_schema(config: &Config) -> Result<Vec<String>, InstanceError> {
    if let Some(file) = config.database.url.sqlite_path() {
        private_files::restrict(file).map_err(|error| file_error(file, error))?;
    }
    store::migrate(&location(config), MIGRATION_PATIENCE).map_err(|error| database_error(config, error))
}

fn has_schema(config: &Config) -> Result<bool, InstanceError> {
    store::has_schema(&location(config)).map_err(|error| database_error(config, error))
}

fn sealed_keys(config: &Config) -> Result<SealedKeys, InstanceError> {
    store::inspect(&location(config), signing_keys::sealed).map_err(|error| database_error(config, error))
}

fn connect(config: &Config, clock: Clock) -> Result<Store, InstanceError> {
    let (place, database) = (location(config), &config.database);
    let failed = |error| database_error(config, error);
    let clock = guarded_clock(clock, config, &place).map_err(failed)?;
    Store::open(&place, database.pool_size, database.report_pool_size, clock).map_err(failed)
}

/// Guards the system clock. Starts with the database's time if it has a clock, and distrusts a time far ahead
/// of the newest one stored.
fn guarded_clock(clock: Clock, config: &Config, place: &DatabaseLocation) -> Result<Clock, StoreError> {
    if !matches!(clock, Clock::System) {
        return Ok(clock);
    }
    let clock = Clock::guarded(config.server.clock_tolerance);
    if let Some(keeper) = clock.timekeeper() {
        let (reference, newest) =
            store::inspect(place, |conn| Ok((readiness::clock(conn)?, readiness::newest(conn)?)))?;
        let monotonic = monotonic::micros();
        if let Some(now) = reference {
            keeper.set(now, monotonic);
        }
        keeper.resume(newest, monotonic);
    }
    Ok(clock)
}

fn location(config: &Config) -> DatabaseLocation {
    match config.database.url.sqlite_path() {
        Some(file) => DatabaseLocation::File(file.to_owned()),
        None => DatabaseLocation::Server {
            url: config.database.url.expose().to_owned(),
            pooler: config.database.pooler,
        },
    }
}

fn display_location(config: &Config) -> String {
    config.database.url.to_string()
}

fn database_error(config: &Config, error: StoreError) -> InstanceError {
    InstanceError::Database { place: display_location(config), error }
}

fn file_error(path: &Path, error: io::Error) -> InstanceError {
    InstanceError::File { path: path.to_owned(), error }
}

fn missing_master(config: &Config) -> InstanceError {
    InstanceError::MissingMasterKey {
        place: display_location(config),
        path: config.server.data_dir.join(MASTER_KEY),
    }
}

/// Name of the master key in the data directory.
const MASTER_KEY: &str = "master.key";

/// The key file in the data directory, unless the configuration names another source.
fn own_master_key(config: &Config) -> Option<PathBuf> {
    (config.master_key == MasterKeySource::DataDir).then(|| config.server.data_dir.join(MASTER_KEY))
}

/// `None` if the key belongs in the data directory and is missing.
fn find_master(config: &Config) -> Result<Option<MasterKey>, InstanceError> {
    let bytes = match &config.master_key {
        MasterKeySource::Env(text) => {
            master_key::decode(text.expose()).map_err(InstanceError::MasterKeyVariable)?
        }
        MasterKeySource::File(path) => read(path)?,
        MasterKeySource::DataDir => {
            let path = config.server.data_dir.join(MASTER_KEY);
            if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                return Ok(None);
            }
            read(&path)?
        }
    };
    Ok(Some(bind(config, &bytes)))
}

/// Creates the key in the data directory. Of nodes that share the directory, one creates it.
fn create_master(config: &Config) -> Result<MasterKey, InstanceError> {
    create_data_dir(config)?;
    let path = config.server.data_dir.join(MASTER_KEY);
    let text = Zeroizing::new(STANDARD.encode(*Zeroizing::new(Entropy.bytes::<{ master_key::LENGTH }>())));
    let content = Zeroizing::new(format!("{}\n", *text));
    private_files::create_new(&path, content.as_bytes(), Entropy)
        .map_err(|error| file_error(&path, error))?;
    let bytes = read(&path)?;
    Ok(bind(config, &bytes))
}

fn bind(config: &Config, bytes: &master_key::Bytes) -> MasterKey {
    MasterKey::new(bytes, config.server.public_url.as_str())
}

pub(super) fn create_data_dir(config: &Config) -> Result<(), InstanceError> {
    let path = &config.server.data_dir;
    private_files::create_dir(path).map_err(|error| file_error(path, error))
}

fn read(path: &Path) -> Result<master_key::Bytes, InstanceError> {
    master_key::read(path).map_err(|error| InstanceError::MasterKey { path: path.to_owned(), error })
}

fn check_master(config: &Config, master: &MasterKey, sealed: &SealedKeys) -> Result<(), InstanceError> {
    if sealed.opens_with(master) {
        return Ok(());
    }
    let origin = match &config.master_key {
        MasterKeySource::Env(_) => "KEYSTILE_MASTER_KEY".to_owned(),
        MasterKeySource::File(path) => path.display().to_string(),
        MasterKeySource::DataDir => config.server.data_dir.join(MASTER_KEY).display().to_string(),
    };
    Err(InstanceError::WrongMasterKey { place: display_location(config), origin })
}
