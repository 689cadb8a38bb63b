//! Runs a command line, from its arguments to its exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use crate::args::{Arguments, Command};
use crate::{api, reference};
use keystile::{App, AuthCommand, Error, ErrorKind, main_exit};

/// The address that `keystiled` listens on by default.
const LOCAL_SERVER: &str = "http://127.0.0.1:8642";

/// Runs the command line and returns the exit code.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let app = match app() {
        Ok(app) => app,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "✗ {error}"));
            return ExitCode::FAILURE;
        }
    };
    match app.parse::<Arguments>(arguments) {
        Ok(arguments) => {
            let screen = app.screen(&arguments.globals);
            main_exit(execute(&app, arguments), &screen)
        }
        Err(exit) => exit,
    }
}

fn app() -> Result<App, Error> {
    App::builder("keystile")
        .version(env!("CARGO_PKG_VERSION"))
        .issuer(LOCAL_SERVER)
        .client_id("keystile-cli")
        .key_prefixes(["keystile_live_", "keystile_test_", "keystile_pat_"])
        .documentation(reference::page)
        .build()
}

fn execute(app: &App, arguments: Arguments) -> Result<(), Error> {
    let Arguments { globals, command } = arguments;
    let tool = match command {
        Command::Tool(command) => command,
        Command::Login(args) => (*args).into(),
        Command::Logout(args) => args.into(),
        Command::Whoami => AuthCommand::whoami().into(),
        Command::Api(args) => return block_on(app, api::run(app, &globals, args)),
        Command::Completions { shell } => return reference::completions(app, &globals, shell),
        Command::Man { directory } => return reference::manual(app, &directory),
    };
    app.run_blocking(tool, &globals)
}

/// Runs a future on a single-threaded runtime, which starts faster than one with a thread for each core.
fn block_on(app: &App, work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        app.error(ErrorKind::LocalFailure {
            what: "start the async runtime".into(),
            cause: error.to_string(),
        })
    })?;
    runtime.block_on(work)
}
