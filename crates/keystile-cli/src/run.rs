//! One command line, from its arguments to its exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use crate::args::{Arguments, Command, ConfigCommand};
use crate::{api, config, init, reference};
use keystile::{App, AuthCommand, BadApp, Error, ErrorKind, main_exit};

/// The server that a fresh `keystiled` runs at.
const LOCAL_SERVER: &str = "http://127.0.0.1:8642";

/// Runs the command line and says how the process ends.
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

fn app() -> Result<App, BadApp> {
    App::builder("keystile")
        .version(env!("CARGO_PKG_VERSION"))
        .issuer(LOCAL_SERVER)
        .client_id("keystile-cli")
        .key_prefixes(["keystile_live_", "keystile_test_", "keystile_pat_"])
        .build()
}

fn execute(app: &App, arguments: Arguments) -> Result<(), Error> {
    let Arguments { globals, command } = arguments;
    let tool = match command {
        Command::Tool(command) => command,
        Command::Login(args) | Command::Config { command: ConfigCommand::Login(args) } => {
            AuthCommand::Login(args).into()
        }
        Command::Logout(args) | Command::Config { command: ConfigCommand::Logout(args) } => {
            AuthCommand::Logout(args).into()
        }
        Command::Whoami => AuthCommand::Whoami.into(),
        Command::Api(args) => return wait(app, api::run(app, &globals, args)),
        Command::Config { command: ConfigCommand::Init(args) } => {
            return wait(app, init::run(app, &globals, args));
        }
        Command::Config { command: ConfigCommand::Setting(command) } => {
            return config::run(app, &globals, &command);
        }
        Command::Completions { shell } => return reference::completions(app, &globals, shell),
        Command::Man { folder } => return reference::manual(app, &folder),
    };
    wait(app, app.run(tool, &globals))
}

/// One thread is enough for a tool that waits for one thing at a time, and it starts faster than many.
fn wait(app: &App, work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        app.error(ErrorKind::LocalFailure { what: "start".into(), cause: error.to_string() })
    })?;
    runtime.block_on(work)
}
