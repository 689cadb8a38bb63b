//! Generates shell completions and manual pages from the definition of the command line.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::args::Arguments;
use keystile::{App, Error, ErrorKind, Globals};

/// The directory of the documentation.
const DOCUMENTATION: &str = "https://github.com/keystile/keystile/blob/main/docs";

/// The page of the documentation about a command.
pub(super) fn page(command: &str) -> String {
    let mut words = command.split(' ');
    let page = match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
        ("auth", "token") | ("api" | "man" | "completions", _) => "cli/scripts-ci-agents.md",
        ("auth", "status" | "whoami" | "sessions" | "switch") | ("profile" | "org" | "whoami", _) => {
            "cli/credentials.md"
        }
        ("auth", "doctor") => "cli/troubleshooting.md",
        ("auth" | "login" | "logout", _) | ("config", "init" | "login" | "logout") => "cli/sign-in.md",
        ("key" | "pat" | "scope" | "audit", _) => "cli/keys-and-audit.md",
        ("credential-helper", _) => "credential-helpers.md",
        ("config", _) => "cli/environment.md",
        _ => "cli/which-method.md",
    };
    format!("{DOCUMENTATION}/{page}")
}

/// Prints completions for a shell.
pub(super) fn completions(app: &App, globals: &Globals, shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), app.brand().name(), &mut script);
    app.screen(globals).raw(&script)
}

/// Writes a manual page for every command into a directory.
pub(super) fn manual(app: &App, folder: &Path) -> Result<(), Error> {
    let write = || {
        std::fs::create_dir_all(folder)?;
        let command = app.describe(Arguments::command()).disable_help_subcommand(true);
        clap_mangen::generate_to(command, folder)
    };
    write().map_err(|error| {
        app.error(ErrorKind::LocalFailure {
            what: format!("write the manual to {}", folder.display()),
            cause: error.to_string(),
        })
    })
}
