//! A tool that keeps its own HTTP client: `weather login`, `weather forecast oslo`, `weather logout`.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use keystile::{App, Globals, LoginOptions};
use serde::Deserialize;

/// The response of the API.
#[derive(Deserialize)]
struct Forecast {
    city: String,
    sky: String,
    celsius: f64,
}

/// The client that the tool had before: its own timeouts, headers, proxies and certificates.
fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(concat!("weather/", env!("CARGO_PKG_VERSION")))
        .timeout(Duration::from_secs(20))
        .build()
}

async fn run(app: &App, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let globals = Globals::default();
    match arguments {
        ["login"] => {
            app.login(&globals, &LoginOptions::default()).await?;
            println!("Signed in");
        }
        ["logout"] => {
            app.logout(&globals).await?;
            println!("Signed out");
        }
        ["forecast", city] => {
            let session = app.session(&globals).await?;
            let client = client()?;
            // Adds the token, refreshes it, and sends the request again after a 401.
            let api = session.layer().wrap(client.clone());
            let request = client.get(session.url(["v1", "forecast", city]).await?).build()?;
            let response = api.send(request).await?.error_for_status()?;
            let forecast: Forecast = response.json().await?;
            println!("{}: {}, {} °C", forecast.city, forecast.sky, forecast.celsius);
        }
        _ => return Err("Use login, logout or forecast CITY.".into()),
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let app = App::builder("weather")
        .version(env!("CARGO_PKG_VERSION"))
        .issuer("https://auth.example.com")
        .client_id("weather-cli")
        .login_group("")
        .api_base("https://api.example.com")
        .scopes(["openid", "email", "offline_access", "org:read"])
        .build()
        .expect("the name and both URLs are valid");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&app, &arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("✗ {error}");
            match error.downcast::<keystile::Error>() {
                Ok(error) => (*error).into(),
                Err(_) => ExitCode::FAILURE,
            }
        }
    }
}
