//! A command-line tool that signs its users in: `weather auth login`, then `weather forecast oslo`.
//!
//! The library provides everything about sign-in; this file names the tool, its server and its own commands.

mod forecast;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use keystile::{App, AppBuilder, AuthCommand, Error, Globals, cli_main};

/// Tomorrow's weather
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
    /// Sign in, sign out, and manage sessions
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Print the forecast for a city
    Forecast {
        /// The city
        city: String,
    },
}

/// The tool: files in `~/.weather`, variables `WEATHER_*`, `weather` in texts.
fn describe() -> AppBuilder {
    App::builder("weather")
        .version(env!("CARGO_PKG_VERSION"))
        .issuer("https://auth.example.com")
        .client_id("weather-cli")
        .api_base("https://api.example.com")
        .key_prefixes(["wx_live_", "wx_test_"])
        .scopes(["openid", "email", "offline_access", "org:read"])
}

async fn run(app: App, Arguments { globals, command }: Arguments) -> Result<(), Error> {
    match command {
        Command::Auth(command) => app.run(command, &globals).await,
        Command::Forecast { city } => forecast::run(&app, &globals, &city).await,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    cli_main(describe(), |arguments: &Arguments| &arguments.globals, run).await
}
