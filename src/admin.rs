//! The administration commands of `keystiled`.

mod keys;

use clap::Subcommand;

use crate::config::Config;
use crate::services::instance::{self, OpenError};
use crate::services::signing_keys::KeyFailure;
use crate::store::StoreError;

/// What can be administered.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the configuration and say what is wrong with it
    CheckConfig,
    /// Bring the database schema up to date
    Migrate,
    /// See and rotate the keys that sign tokens
    #[command(subcommand)]
    Keys(keys::Command),
}

/// A command that did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Keys(#[from] KeyFailure),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Refused(String),
}

/// Runs a command and returns what it has to say.
pub async fn run(command: Command, config: &Config) -> Result<String, Failure> {
    match command {
        Command::CheckConfig => Ok(summary(config)),
        Command::Migrate => {
            let applied = instance::migrate(config)?;
            let applied = if applied.is_empty() { "nothing".to_owned() } else { applied.join(", ") };
            Ok(format!("{}: applied {applied}", config.database.url))
        }
        Command::Keys(command) => keys::run(command, config).await,
    }
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
