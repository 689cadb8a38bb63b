//! Loads the configuration from three sources, and reports all of its errors at once.
//!
//! Later sources override earlier ones: the defaults; the file given with `--config`; and the environment
//! (`KEYSTILE_SECTION__KEY`, with short names for the settings that deployments usually set there). Each key is one entry
//! in `sections/`: name, type, default, check and description. The default roles, scopes and bundles are in
//! `config/default.toml`, which is compiled in.

mod checks;
mod database_url;
mod document;
pub mod duration;
mod env;
mod error;
mod issuer;
mod key;
#[cfg(unix)]
mod key_file;
mod key_file_error;
pub mod master_key;
mod postgres_url;
mod rate_policies;
mod read;
mod resources;
mod section;
mod sections;
mod settings;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::path::Path;

pub use database_url::DatabaseUrl;
pub use env::Env;
pub use error::{ConfigError, ConfigErrors, ValueError};
pub use issuer::Issuer;
pub use sections::{
    Audit, Brand, Config, Credentials, Database, Keys, Limits, Log, LogFormat, MasterKeySource,
    Organizations, Pooler, Server, SignIn, Tokens,
};

use crate::domain::role::Role;
use settings::Settings;

/// The default roles, scopes and bundles.
const DEFAULT_LISTS: &str = include_str!("../../config/default.toml");

impl Config {
    /// The role with this id.
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// Reads, merges and validates all sources. The environment is a parameter, so that the result depends only on the
    /// arguments and the files that they name.
    pub fn load(file: Option<&Path>, env: &Env) -> Result<Self, ConfigErrors> {
        let mut settings = Settings::new(&sections::all(), DEFAULT_LISTS);
        if let Some(path) = file {
            settings.add_file(path);
        }
        settings.add_env(env);
        let config = read::config(&mut settings, env);
        checks::together(&config, &mut settings);
        settings.finish().map(|()| config)
    }
}
