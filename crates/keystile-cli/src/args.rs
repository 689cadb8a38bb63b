//! The command line. Doc comments are the text of `--help`.

use clap::builder::styling::Styles;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use keystile::{Globals, LoginArgs, LogoutArgs, ToolCommand};

/// Sign in from the terminal and call the API
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
    /// Call the API with the credential in use
    Api(ApiArgs),
    /// The same as `auth login`
    Login(Box<LoginArgs>),
    /// The same as `auth logout`
    Logout(LogoutArgs),
    /// The same as `auth whoami`
    Whoami,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages
    #[command(hide = true)]
    Man {
        /// The directory to write them to
        directory: PathBuf,
    },
}

#[derive(Args, Clone, Debug)]
pub(super) struct ApiArgs {
    /// GET, POST, PUT, PATCH, DELETE or HEAD
    pub(super) method: String,
    /// The path, for example /api/v1/whoami
    pub(super) path: String,
    /// Request body; @FILE reads a file, @- reads standard input
    #[arg(short, long, value_name = "JSON|@FILE")]
    pub(super) data: Option<String>,
    /// Add a header; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE")]
    pub(super) headers: Vec<String>,
    /// Largest response to accept, in bytes (64 MiB)
    #[arg(long, value_name = "BYTES")]
    pub(super) max_size: Option<usize>,
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
    fn global_flags_are_accepted_before_and_after_the_command() {
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
