//! The command line.

use clap::builder::styling::Styles;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use keystile::{Globals, LoginArgs, LogoutArgs, ToolCommand};

/// Sign in from the terminal, and use the API with it
#[derive(Parser, Debug)]
#[command(name = "keystile", version, propagate_version = false, styles = Styles::plain(), subcommand_required = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) globals: Globals,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    #[command(flatten)]
    Tool(ToolCommand),
    /// Call the API with your credential
    Api(ApiArgs),
    /// See and change the settings
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The same as `auth login`
    Login(Box<LoginArgs>),
    /// The same as `auth logout`
    Logout(LogoutArgs),
    /// The same as `auth whoami`
    Whoami,
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages
    #[command(hide = true)]
    Man {
        /// The folder to put them in
        folder: PathBuf,
    },
}

#[derive(Args, Clone, Debug)]
pub(super) struct ApiArgs {
    /// GET, POST, PUT, PATCH, DELETE or HEAD
    pub(super) method: String,
    /// The path, as in /api/v1/whoami
    pub(super) path: String,
    /// Send this; @FILE sends a file, @- standard input
    #[arg(short, long, value_name = "JSON|@FILE")]
    pub(super) data: Option<String>,
    /// Add a header
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    pub(super) headers: Vec<String>,
}

#[derive(Subcommand, Clone, Debug)]
pub(super) enum ConfigCommand {
    /// Write the settings file, then sign in
    Init(Box<LoginArgs>),
    /// The same as `auth login`
    Login(Box<LoginArgs>),
    /// The same as `auth logout`
    Logout(LogoutArgs),
    #[command(flatten)]
    Setting(SettingCommand),
}

/// What needs no server.
#[derive(Subcommand, Clone, Debug)]
pub(super) enum SettingCommand {
    /// Print where the settings are
    Path {
        /// Print where the credentials are instead
        #[arg(long)]
        credentials: bool,
    },
    /// Print the settings
    Show,
    /// Print one setting
    Get {
        /// As in `issuer`, `defaults.login_method` or `profiles.work.org`
        key: String,
    },
    /// Change a setting
    Set {
        /// As in `issuer`, `defaults.login_method` or `profiles.work.org`
        key: String,
        /// The value
        value: String,
    },
    /// Remove a setting
    Unset {
        /// As in `issuer`, `defaults.login_method` or `profiles.work.org`
        key: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_flags_go_before_or_after_the_verb() {
        for line in [
            "keystile --json -p work auth status",
            "keystile auth status --json -p work",
            "keystile auth --json status -p work",
        ] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert!(arguments.globals.json, "{line}");
            assert_eq!(arguments.globals.profile.unwrap().as_str(), "work");
        }
    }
}
