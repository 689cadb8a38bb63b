//! The server and its administration.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use keystile::config::{Config, Env};
use keystile::{admin, core_dumps, serve};

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
    /// Run the server; so does no command at all
    Serve,
    #[command(flatten)]
    Admin(admin::Command),
}

fn main() -> ExitCode {
    if let Err(error) = core_dumps::disable() {
        return fail(&format_args!("core dumps cannot be turned off: {error}"), 1);
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
        Command::Serve => {
            serve::logging::start(&config.log, &config.brand.token_prefix);
            match runtime.block_on(serve::until_stopped(config, |banner| println!("{banner}"))) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error, 1),
            }
        }
        Command::Admin(command) => match runtime.block_on(admin::run(command, &config)) {
            Ok(report) => {
                println!("{report}");
                ExitCode::SUCCESS
            }
            Err(admin::Failure::Found(report)) => {
                println!("{report}");
                ExitCode::FAILURE
            }
            Err(error) => fail(&error, 1),
        },
    }
}

fn fail(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(code)
}
