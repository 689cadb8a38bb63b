//! The administration commands of `keystiled`.

mod accounts;
pub mod audit;
mod audit_export;
pub mod audit_list;
mod client_changes;
mod client_fields;
mod clients;
mod confirmation;
mod erase;
mod keys;
mod organizations;
mod people;
mod restore;
mod users;

use chrono::TimeDelta;
use clap::Subcommand;

use crate::config::{Config, duration};
use crate::domain::clock::Clock;
use crate::services::audit_rebase;
use crate::services::instance::{self, InstanceError};
use crate::services::signing_keys::SigningKeyError;
use crate::store::{Store, StoreError};

/// An administration command
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the configuration and report its errors
    CheckConfig,
    /// Apply pending database migrations
    Migrate,
    /// Create the first owner and organization without a browser
    Init(accounts::Init),
    /// Add, list, show, disable, enable and erase users, change their roles, sign them out, and make reset links
    #[command(subcommand)]
    User(accounts::User),
    /// Add, list, rename, disable, delete and restore organizations, and add owners
    #[command(subcommand)]
    Org(accounts::Org),
    /// Register, list, change and remove OAuth clients, and rotate their secrets
    #[command(subcommand)]
    Client(clients::Command),
    /// Read, verify and export the audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// List, rotate and revoke the keys that sign tokens
    #[command(subcommand)]
    Keys(keys::Command),
    /// Recover sessions after the database was restored from a backup
    #[command(subcommand)]
    Restore(restore::Command),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error(transparent)]
    Open(#[from] InstanceError),
    #[error(transparent)]
    Keys(#[from] SigningKeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(String),
    /// The command ran and found a problem. Printed like a report, but with a failure exit code, so that scripts stop.
    #[error("{0}")]
    Found(String),
}

/// The output of a command, as JSON and as text.
struct Report {
    json: serde_json::Value,
    text: String,
}

impl Report {
    fn render(self, json: bool) -> String {
        if json { self.json.to_string() } else { self.text }
    }
}

/// Runs a command and returns its output.
pub async fn run(command: Command, config: &Config) -> Result<String, AdminError> {
    match command {
        Command::CheckConfig => Ok(summary(config)),
        Command::Migrate => {
            let applied = instance::migrate(config)?;
            // Here, because the role of the server may not be allowed to change audit events.
            audit_rebase::run(&store(config)?).await?;
            let applied = if applied.is_empty() { "nothing".to_owned() } else { applied.join(", ") };
            Ok(format!("{}: applied {applied}", config.database.url))
        }
        Command::Init(init) => accounts::init(config, init).await,
        Command::User(command) => accounts::user(&store(config)?, config, command).await,
        Command::Org(command) => accounts::org(&store(config)?, config, command).await,
        Command::Client(command) => clients::run(&store(config)?, config, command).await,
        Command::Audit(command) => audit::run(&store(config)?, command).await,
        Command::Keys(command) => keys::run(command, config).await,
        Command::Restore(command) => restore::run(&store(config)?, command).await,
    }
}

fn store(config: &Config) -> Result<Store, InstanceError> {
    instance::open_database(config, Clock::System)
}

/// Parses the duration of an option, at most `longest`.
fn duration(option: &str, text: &str, longest: TimeDelta) -> Result<TimeDelta, AdminError> {
    let refused = |what: String| AdminError::Refused(format!("{option} {text} {what}"));
    let duration = duration::parse(text).map_err(|wrong| refused(wrong.to_string()))?;
    if (TimeDelta::zero()..=longest).contains(&duration) {
        return Ok(duration);
    }
    Err(refused(format!("is not between 0 and {} days.", longest.num_days())))
}

fn summary(config: &Config) -> String {
    format!(
        "The configuration is fine.\n  Public URL  {}\n  Listening   {}\n  Database    {}\n  Data        {}\n  Scopes      {}",
        config.server.public_url,
        config.server.listen,
        config.database.url,
        config.server.data_dir.display(),
        config.catalog.iter().count(),
    )
}
