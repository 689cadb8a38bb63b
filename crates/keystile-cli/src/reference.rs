//! Generates shell completions and manual pages from the definition of the command line.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::args::Arguments;
use keystile::{App, Error, ErrorKind, Globals};

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
        clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), folder)
    };
    write().map_err(|error| {
        app.error(ErrorKind::LocalFailure {
            what: format!("write the manual to {}", folder.display()),
            cause: error.to_string(),
        })
    })
}
