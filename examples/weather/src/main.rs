//! A command-line tool that signs its users in: `weather auth login`, then `weather forecast oslo`.
//!
//! Everything about signing in comes from the library; this file says what the tool is called and what it can do
//! besides.

mod forecast;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use keystile::{App, AppBuilder, AuthCommand, BadApp, Error, Globals, main_exit};

/// The weather of tomorrow
#[derive(Parser)]
#[command(name = "weather", version)]
struct Arguments {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sign in and out, and see who you are
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Say what the weather will be
    Forecast {
        /// Where
        city: String,
    },
}

/// What the tool is: its files are in `~/.weather`, its variables begin with `WEATHER_`, its texts say `weather`.
fn describe() -> AppBuilder {
    App::builder("weather")
        .version(env!("CARGO_PKG_VERSION"))
        .issuer("https://auth.example.com")
        .client_id("weather-cli")
        .api_base("https://api.example.com")
        .key_prefixes(["wx_live_", "wx_test_"])
        .scopes(["openid", "email", "offline_access", "org:read"])
}

async fn run(app: &App, globals: &Globals, command: Command) -> Result<(), Error> {
    match command {
        Command::Auth(command) => app.run(command, globals).await,
        Command::Forecast { city } => forecast::run(app, globals, &city).await,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, BadApp> {
    let app = describe().build()?;
    let line: Vec<_> = std::env::args_os().collect();
    let Arguments { globals, command } = match app.parse(&line) {
        Ok(arguments) => arguments,
        Err(exit) => return Ok(exit),
    };
    let screen = app.screen(&globals);
    Ok(main_exit(run(&app, &globals, command).await, &screen))
}
