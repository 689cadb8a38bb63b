//! The example tool of another brand: sign-in, and calls of an API other than the server's.

use std::sync::{Arc, Mutex};

use keystile::testing::{TestResponse, TestServer};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::cli::Cli;

/// The tool and its API, which accepts every token.
async fn weather(app: &TestApp) -> (Cli, Arc<Mutex<Vec<String>>>) {
    app.register_documented_tool().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let api = TestServer::start(move |asked| {
        let Some(token) = asked.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "))
        else {
            return TestResponse::status(401);
        };
        log.lock().unwrap().push(token.to_owned());
        TestResponse::json(&json!({ "city": "Oslo", "sky": "snow", "celsius": -3.5 }))
    });
    let program = std::env::var("KEYSTILE_TEST_WEATHER").expect("tests/run builds the example");
    let cli = Cli::of_brand(program, "weather");
    (cli.with("WEATHER_ISSUER", app.issuer()).with("WEATHER_API_BASE", &api.url("")), seen)
}

both_engines! {
    async fn a_tool_of_another_brand_signs_in_calls_its_api_and_signs_out(app) {
        let owner = app.owner().await;
        let (cli, seen) = weather(app).await;
        let before = cli.run(&["forecast", "oslo"]).await.failed(2, "Not authenticated\n");
        assert!(before.err.contains("Run `weather auth login`"), "{before:#?}");

        let signed_in = app.sign_cli_in(&cli, &owner, &[]).await;
        assert!(signed_in.err.contains(&format!("✓ Signed in as {}", owner.email)), "{signed_in:#?}");
        let stored = cli.stored("default");
        assert_eq!(stored["client_id"], "weather-cli");

        assert_eq!(cli.run(&["forecast", "oslo"]).await.good().out, "Oslo: snow, -3.5 °C\n");
        assert_eq!(cli.run(&["forecast", "oslo", "--json"]).await.good().json()["celsius"], -3.5);
        let token = stored["access_token"].as_str().unwrap();
        assert_eq!(*seen.lock().unwrap(), [token, token]);

        let status = cli.run(&["auth", "status"]).await.good();
        assert!(status.out.contains("Source        ~/.weather/credentials.json"), "{status:#?}");
        cli.run(&["auth", "logout"]).await.good();
        assert!(app.stored(stored["session_id"].as_str().unwrap()).await.revoked_at.is_some());
        cli.run(&["forecast", "oslo"]).await.failed(2, "Not authenticated\n");
        assert_eq!(seen.lock().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_typing_error_ends_with_1_in_a_tool_of_another_brand_too() {
    let program = std::env::var("KEYSTILE_TEST_WEATHER").expect("tests/run builds the example");
    let ran = Cli::of_brand(program, "weather").run(&["forcast", "oslo"]).await;
    ran.failed(1, "unrecognized subcommand 'forcast'\n  Did you mean forecast?");
}
