//! `forecast CITY`

use keystile::{App, Error, Globals};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The response of the API.
#[derive(Deserialize, Serialize)]
struct Forecast {
    city: String,
    sky: String,
    celsius: f64,
}

/// Calls the API with the credential in use. Without one, asks a user at a terminal to sign in.
pub(crate) async fn run(app: &App, globals: &Globals, city: &str) -> Result<(), Error> {
    let session = app.session(globals).await?;
    let forecast: Forecast = session.client().get(["v1", "forecast", city]).fetch().await?;
    let screen = app.screen(globals);
    if screen.is_json() {
        screen.json(&json!(forecast))
    } else {
        screen.data(&format!("{}: {}, {} °C", forecast.city, forecast.sky, forecast.celsius))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use keystile::testing::{ManualClock, MemoryStore, TempFolder, TestResponse, TestServer, signed_in};
    use keystile::{BaseUrl, Dependencies, Environment, Exit, ProfileName};

    use super::*;

    /// The tool with a home folder, credential store and clock for one test.
    fn app(home: &TempFolder, api: &TestServer, store: impl FnOnce(&BaseUrl) -> MemoryStore) -> App {
        let api = BaseUrl::parse(&api.url("")).unwrap();
        let home = home.path().to_str().unwrap();
        let dependencies = Dependencies::default()
            .environment(Environment::from([("HOME", home), ("CI", "1")]))
            .store(Arc::new(store(&api)))
            .clock(Arc::new(ManualClock::at("2026-11-23T08:00:00Z".parse().unwrap())));
        crate::describe().api_base(api.as_str()).dependencies(dependencies).build().unwrap()
    }

    fn holding(api: &BaseUrl) -> MemoryStore {
        let issuer = BaseUrl::parse("https://auth.example.com").unwrap();
        let session = signed_in(&issuer, api, "2026-11-23T16:00:00Z".parse().unwrap());
        MemoryStore::holding(&ProfileName::default(), session)
    }

    #[tokio::test]
    async fn the_forecast_is_requested_with_the_token_of_the_profile() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let api = TestServer::start(move |asked| {
            log.lock().unwrap().push((asked.path, asked.authorization));
            TestResponse::json(&json!({ "city": "Oslo", "sky": "snow", "celsius": -3.5 }))
        });
        let home = TempFolder::new();
        run(&app(&home, &api, holding), &Globals::default(), "oslo").await.unwrap();
        let expected = ("/v1/forecast/oslo".to_owned(), Some("Bearer access-of-ada".to_owned()));
        assert_eq!(*seen.lock().unwrap(), [expected]);
    }

    #[tokio::test]
    async fn without_a_credential_the_error_names_the_command_to_sign_in() {
        let api = TestServer::start(|_| TestResponse::status(500));
        let home = TempFolder::new();
        let app = app(&home, &api, |_| MemoryStore::default());
        let error = run(&app, &Globals::default(), "oslo").await.unwrap_err();
        assert_eq!(error.exit_code(), Exit::Auth);
        assert!(error.to_string().contains("weather auth login"), "{error}");
        assert_eq!(error.to_json()["error"]["code"], "not_authenticated");
    }
}
