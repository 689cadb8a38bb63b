//! A tool without async code and without clap: `weather login`, `weather forecast oslo`, `weather logout`.

use std::process::ExitCode;

use keystile::{App, Error, ErrorKind, Globals, LoginOptions, blocking};
use serde::Deserialize;

/// The response of the API.
#[derive(Deserialize)]
struct Forecast {
    city: String,
    sky: String,
    celsius: f64,
}

fn run(arguments: &[&str]) -> Result<(), Error> {
    let weather = App::builder("weather")
        .version(env!("CARGO_PKG_VERSION"))
        .issuer("https://auth.example.com")
        .client_id("weather-cli")
        .login_group("")
        .api_base("https://api.example.com")
        .scopes(["openid", "email", "offline_access", "org:read"])
        .build()?;
    let tool = blocking::App::new(weather.clone(), Globals::default())?;
    match arguments {
        ["login"] => {
            let login = tool.login(&LoginOptions::default())?;
            let email = login.account.and_then(|account| account.email).unwrap_or_default();
            println!("Signed in as {email}");
        }
        ["logout"] => match tool.logout()? {
            Some(signed_out) => {
                if let Some(error) = signed_out.not_revoked {
                    eprintln!("! Signed out on this machine only: {error}");
                }
                println!("Signed out");
            }
            None => println!("Not signed in"),
        },
        ["whoami"] => println!("{}", tool.whoami()?.account.email.unwrap_or_default()),
        ["forecast", city] => {
            let forecast: Forecast = tool.fetch(|api| api.get(["v1", "forecast", city]))?;
            println!("{}: {}, {} °C", forecast.city, forecast.sky, forecast.celsius);
        }
        _ => {
            let hint = Some("Use login, logout, whoami or forecast CITY.".to_owned());
            return Err(weather.error(ErrorKind::Usage { message: "unknown command".to_owned(), hint }));
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("✗ {error}");
            error.into()
        }
    }
}
