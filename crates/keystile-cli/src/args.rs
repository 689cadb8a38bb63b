//! The command line. Doc comments are the text of `--help`.

use clap::builder::styling::Styles;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use keystile::{Globals, LoginArgs, LogoutArgs, ToolCommand};

/// Sign in from the terminal and call the API
#[derive(Parser, Debug)]
#[command(
    name = "keystile",
    version,
    propagate_version = false,
    styles = Styles::plain(),
    subcommand_required = true,
    after_help = "Examples:\n  keystile auth login --issuer https://auth.example.com\n  keystile auth status"
)]
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
    #[command(after_help = "\
Examples:
  keystile api /api/v1/whoami
  keystile api /api/v1/keys --paginate --jq '.data[].id'
  keystile api POST /v1/deployments -f name=web -f regions[]=eu
  keystile api PUT /v1/deployments/7 -d @deployment.json")]
    Api(ApiArgs),
    /// The same as `auth login`
    #[command(after_help = "Example:\n  keystile login --device")]
    Login(Box<LoginArgs>),
    /// The same as `auth logout`
    #[command(after_help = "Example:\n  keystile logout")]
    Logout(LogoutArgs),
    /// The same as `auth whoami`
    #[command(after_help = "Example:\n  keystile whoami --json")]
    Whoami,
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  keystile completions bash >~/.local/share/bash-completion/completions/keystile"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages
    #[command(hide = true, after_help = "Example:\n  keystile man ./man")]
    Man {
        /// The directory to write them to
        directory: PathBuf,
    },
}

#[derive(Args, Clone, Debug)]
#[command(override_usage = "keystile api [OPTIONS] [METHOD] PATH")]
pub(super) struct ApiArgs {
    /// The path, for example /api/v1/whoami. Before it the method; GET without a body needs none
    #[arg(value_name = "PATH")]
    pub(super) method_or_path: String,
    /// The path, if the method comes first
    #[arg(hide = true)]
    pub(super) path: Option<String>,
    /// Request body; @FILE reads a file, @- reads standard input
    #[arg(short, long, value_name = "JSON|@FILE", conflicts_with = "fields")]
    pub(super) data: Option<String>,
    /// Add a text field: to the query of GET, otherwise to a JSON body. NAME[]=VALUE for each value of a list
    #[arg(short, long = "field", value_name = "NAME=VALUE")]
    pub(super) fields: Vec<String>,
    /// Fetch all pages of a list and print them as one document
    #[arg(long)]
    pub(super) paginate: bool,
    /// Print the results of a jq filter instead of the response
    #[arg(long, value_name = "FILTER")]
    pub(super) jq: Option<String>,
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
