//! The example tool of another brand: sign-in, and calls of an API other than the server's.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use keystile::testing::{TestResponse, TestServer};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::cli::{Cli, visit};

/// A variant of the tool, and its API, which accepts every token.
async fn weather(app: &TestApp, program: &str) -> (Cli, Arc<Mutex<Vec<String>>>) {
    app.register_documented_tool().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let api = TestServer::start(move |asked| {
        let Some(token) = asked.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "))
        else {
            return TestResponse::status(401);
        };
        log.lock().unwrap().push(format!("{token} {}", asked.path));
        TestResponse::json(&json!({ "city": "Oslo", "sky": "snow", "celsius": -3.5 }))
    });
    let cli = Cli::of_brand(built(program), "weather");
    (cli.with("WEATHER_ISSUER", app.issuer()).with("WEATHER_API_BASE", &api.url("")), seen)
}

/// An example that tests/run builds: the tool, or a variant of it beside it.
fn built(program: &str) -> PathBuf {
    let weather = std::env::var("KEYSTILE_TEST_WEATHER").expect("tests/run builds the example");
    let path = PathBuf::from(weather).with_file_name(program);
    assert!(path.exists(), "tests/run builds {}", path.display());
    path
}

both_engines! {
    async fn a_tool_of_another_brand_signs_in_calls_its_api_and_signs_out(app) {
        let owner = app.owner().await;
        let (cli, seen) = weather(app, "weather").await;
        let before = cli.run(&["forecast", "oslo"]).await.failed(2, "Not authenticated\n");
        assert!(before.err.contains("Run `weather auth login`"), "{before:#?}");

        let signed_in = app.sign_cli_in(&cli, &owner, &[]).await;
        assert!(signed_in.err.contains(&format!("✓ Signed in as {}", owner.email)), "{signed_in:#?}");
        let stored = cli.stored("default");
        assert_eq!(stored["client_id"], "weather-cli");

        assert_eq!(cli.run(&["forecast", "oslo"]).await.good().out, "Oslo: snow, -3.5 °C\n");
        assert_eq!(cli.run(&["forecast", "oslo", "--json"]).await.good().json()["celsius"], -3.5);
        let call = format!("{} /v1/forecast/oslo", stored["access_token"].as_str().unwrap());
        assert_eq!(*seen.lock().unwrap(), [call.clone(), call]);

        let status = cli.run(&["auth", "status"]).await.good();
        assert!(status.out.contains("Source        ~/.weather/credentials.json"), "{status:#?}");
        cli.run(&["auth", "logout"]).await.good();
        assert!(app.stored(stored["session_id"].as_str().unwrap()).await.revoked_at.is_some());
        cli.run(&["forecast", "oslo"]).await.failed(2, "Not authenticated\n");
        assert_eq!(seen.lock().unwrap().len(), 2);
    }

    async fn ch_21_a_tool_without_async_code_signs_in_calls_its_api_and_signs_out(app) {
        let email = app.owner().await.email.clone();
        let cli = signs_in_and_calls(app, "weather-sync", &format!("Signed in as {email}\n")).await;
        assert_eq!(cli.run(&["whoami"]).await.good().out, format!("{email}\n"));
        signs_out(app, &cli).await;
    }

    async fn ch_21_a_tool_with_its_own_http_client_signs_in_calls_its_api_and_signs_out(app) {
        let cli = signs_in_and_calls(app, "weather-own-client", "Signed in\n").await;
        signs_out(app, &cli).await;
    }

    async fn ch_21_a_login_of_the_library_leaves_signals_alone(app) {
        let cli = weather(app, "weather-own-client").await.0.with("WEATHER_LOGIN_METHOD", "browser");
        let login = cli.start(cli.command(&["login"]));
        login.link().await;
        login.interrupt();
        let ran = login.ended().await;
        // Ended by the signal: nothing handled it, so nothing was said.
        assert_eq!(ran.exit, 130, "{ran:#?}");
        assert!(!ran.err.contains('✗'), "{ran:#?}");
    }
}

/// Signs a variant of the tool in, and calls its API with a fresh and with an expired token, and with a hostile value.
async fn signs_in_and_calls(app: &TestApp, program: &str, greeting: &str) -> Cli {
    let owner = app.owner().await;
    let (cli, seen) = weather(app, program).await;
    let cli = cli.with("WEATHER_LOGIN_METHOD", "browser");
    let before = cli.run(&["forecast", "oslo"]).await.failed(2, "Not authenticated\n");
    assert!(before.err.contains("Run `weather login`"), "{before:#?}");

    let login = cli.start(cli.command(&["login"]));
    let link = login.link().await;
    let browser = app.browser_of(&owner).await;
    visit(&app.answer(&browser, &link, "authorize").await.url).await;
    assert_eq!(login.ended().await.good().out, greeting);

    assert_eq!(cli.run(&["forecast", "oslo"]).await.good().out, "Oslo: snow, -3.5 °C\n");
    let first = cli.stored("default")["access_token"].clone();
    cli.let_expire();
    assert_eq!(cli.run(&["forecast", "../../oauth/jwks"]).await.good().out, "Oslo: snow, -3.5 °C\n");
    let second = cli.stored("default")["access_token"].clone();
    assert_ne!(first, second, "refreshed");
    let expected = [(first, "/v1/forecast/oslo"), (second, "/v1/forecast/..%2F..%2Foauth%2Fjwks")]
        .map(|(token, path)| format!("{} {path}", token.as_str().unwrap()));
    assert_eq!(*seen.lock().unwrap(), expected);
    cli
}

async fn signs_out(app: &TestApp, cli: &Cli) {
    let id = cli.stored("default")["session_id"].as_str().unwrap().to_owned();
    assert_eq!(cli.run(&["logout"]).await.good().out, "Signed out\n");
    assert!(app.stored(&id).await.revoked_at.is_some());
    cli.run(&["forecast", "oslo"]).await.failed(2, "Not authenticated\n");
}

#[tokio::test]
async fn a_typing_error_ends_with_1_in_a_tool_of_another_brand_too() {
    let ran = Cli::of_brand(built("weather"), "weather").run(&["forcast", "oslo"]).await;
    ran.failed(1, "unrecognized subcommand 'forcast'\n  Did you mean forecast?");
}
