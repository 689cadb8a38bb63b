//! The server and its administration commands.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use keystiled::config::{Config, Env};
use keystiled::serve::logging;
use keystiled::{admin, core_dumps, serve};
use tokio::runtime::Runtime;

/// How long the end of the process waits for blocking tasks.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Keystile: sign-in for command-line tools
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE", env = "KEYSTILE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server (the default)
    Serve,
    #[command(flatten)]
    Admin(admin::Command),
}

fn main() -> ExitCode {
    if let Err(error) = core_dumps::disable() {
        return fail(&format_args!("cannot disable core dumps: {error}"), 1);
    }
    let arguments = Arguments::parse();
    let config = match Config::load(arguments.config.as_deref(), &Env::of_process()) {
        Ok(config) => config,
        Err(faults) => return fail(&faults, 2),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve_until_stopped(config, runtime),
        Command::Admin(command) => match runtime.block_on(admin::run(command, &config)) {
            Ok(report) => print(&report, ExitCode::SUCCESS),
            Err(admin::AdminError::Found(report)) => print(&report, ExitCode::FAILURE),
            Err(error) => fail(&error, 1),
        },
    }
}

fn serve_until_stopped(config: Config, runtime: Runtime) -> ExitCode {
    let logging = match logging::start(&config.log, &config.brand.token_prefix) {
        Ok(logging) => logging,
        Err(error) => return fail(&error, 1),
    };
    let ended = runtime.block_on(serve::until_stopped(config, logging::print));
    // An interrupted start may still be waiting for its database.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging.log_fatal(&error);
            ExitCode::FAILURE
        }
    }
}

/// A report may contain a secret that is shown only once, so failing to print it is a failure.
fn print(report: &dyn Display, code: ExitCode) -> ExitCode {
    let mut out = io::stdout();
    match writeln!(out, "{report}").and_then(|()| out.flush()) {
        Ok(()) => code,
        Err(error) => fail(&format_args!("the standard output cannot be written: {error}"), 1),
    }
}

fn fail(error: &dyn Display, code: u8) -> ExitCode {
    // If stderr is closed, the exit code is all that can be reported.
    drop(writeln!(io::stderr(), "{error}"));
    ExitCode::from(code)
}
