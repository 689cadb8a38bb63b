//! The arguments of `config`.

use clap::Subcommand;

use super::{LoginArgs, LogoutArgs};

/// `config ...`
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum ConfigCommand {
    /// Write the settings file, then sign in
    Init(Box<LoginArgs>),
    /// The same as `auth login`
    Login(Box<LoginArgs>),
    /// The same as `auth logout`
    Logout(LogoutArgs),
    #[command(flatten)]
    Setting(SettingCommand),
}

/// The commands that need nothing but the settings file.
#[derive(Subcommand, Clone, Debug)]
pub(crate) enum SettingCommand {
    /// Print the path of the settings file
    Path {
        /// Print the path of the credentials file instead
        #[arg(long)]
        credentials: bool,
    },
    /// Print all settings
    Show,
    /// Print one setting
    Get {
        /// For example `issuer`, `defaults.login_method` or `profiles.work.org`
        key: String,
    },
    /// Change a setting
    Set {
        /// For example `issuer`, `defaults.login_method` or `profiles.work.org`
        key: String,
        /// The new value
        value: String,
    },
    /// Remove a setting
    Unset {
        /// For example `issuer`, `defaults.login_method` or `profiles.work.org`
        key: String,
    },
}
