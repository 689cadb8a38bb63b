//! The `main` of a tool.

use std::process::ExitCode;

use clap::Parser;

use super::app::{App, AppBuilder};
use super::error::Error;
use super::globals::Globals;
use super::invoke::main_exit;

/// The `main` of a tool with commands: builds the app, parses the command line of the process, runs the command, and prints
/// an error. Returns the exit code.
///
/// `globals` returns the field of your parser with the global options.
///
/// ```no_run
/// use clap::Parser;
/// use keystile::{App, AuthCommand, Error, Globals, cli_main};
///
/// #[derive(Parser)]
/// struct Arguments {
///     #[command(flatten)]
///     globals: Globals,
///     #[command(subcommand)]
///     command: AuthCommand,
/// }
///
/// async fn run(app: App, arguments: Arguments) -> Result<(), Error> {
///     app.run(arguments.command, &arguments.globals).await
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> std::process::ExitCode {
///     let weather = App::builder("weather").issuer("https://auth.example.com");
///     cli_main(weather, |arguments: &Arguments| &arguments.globals, run).await
/// }
/// ```
pub async fn cli_main<P: Parser, F: Future<Output = Result<(), Error>>>(
    tool: AppBuilder,
    globals: impl Fn(&P) -> &Globals,
    run: impl FnOnce(App, P) -> F,
) -> ExitCode {
    let app = match tool.build() {
        Ok(app) => app,
        Err(error) => {
            eprintln!("✗ {error}");
            return error.into();
        }
    };
    let line: Vec<_> = std::env::args_os().collect();
    match app.parse::<P>(&line) {
        Ok(arguments) => {
            let screen = app.screen(globals(&arguments));
            // On the heap: the future of a whole tool is large.
            main_exit(Box::pin(run(app, arguments)).await, &screen)
        }
        Err(exit) => exit,
    }
}
