//! Network: proxies, certificates, busy servers, clocks.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use keystile::testing::{TestRequest, TestResponse, TestServer};
use serde_json::{Value, json};

use crate::support::app::Builder;
use crate::support::cli::Cli;
use crate::support::database::Database;
use crate::support::http::BrowserCaller;
use crate::support::tls::TlsFront;

/// A well-formed key that no server has issued.
const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";

/// Authorization server metadata for this address.
fn metadata(issuer: &str, api: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "cli_configuration": { "api_base": api },
    })
}

#[tokio::test]
async fn discovery_and_api_calls_take_the_same_proxy_and_this_machine_none() {
    let seen = Arc::new(Mutex::new(Vec::<TestRequest>::new()));
    let log = seen.clone();
    let proxy = TestServer::start(move |asked| {
        log.lock().unwrap().push(asked.clone());
        if asked.path.contains("/.well-known/") {
            TestResponse::json(&metadata("http://auth.acme.test", "http://api.acme.test"))
        } else {
            TestResponse::json(&json!({ "ok": true }))
        }
    });
    let cli = Cli::at("http://auth.acme.test")
        .with("KEYSTILE_DANGEROUSLY_ALLOW_HTTP", "1")
        .with("KEYSTILE_API_KEY", KEY)
        .with("http_proxy", &proxy.url(""));
    assert_eq!(cli.run(&["api", "GET", "/v1/things"]).await.good().json()["ok"], true);
    let calls = seen.lock().unwrap().clone();
    let paths: Vec<_> = calls.iter().map(|asked| asked.path.as_str()).collect();
    let discovery = "http://auth.acme.test/.well-known/oauth-authorization-server";
    assert_eq!(paths, [discovery, "http://api.acme.test/v1/things"]);
    assert_eq!(calls[0].authorization, None, "the key is sent only to the API");
    assert_eq!(calls[1].authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));

    let local = cli
        .run(&[
            "api",
            "GET",
            "/v1/things",
            "--api-key",
            KEY,
            "--api-base",
            "http://127.0.0.1:9",
            "--no-retry",
        ])
        .await;
    local.failed(3, "Cannot reach 127.0.0.1:9\n");
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_is_named_without_its_password() {
    let cli = Cli::at("http://auth.acme.test")
        .with("KEYSTILE_DANGEROUSLY_ALLOW_HTTP", "1")
        .with("http_proxy", "http://ada:hunter2@127.0.0.1:9");
    let ran = cli.run(&["auth", "login", "--browser", "--no-retry"]).await;
    let ran = ran.failed(3, "Cannot reach auth.acme.test\n");
    assert!(ran.err.contains("http_proxy=http://…@127.0.0.1:9") && !ran.err.contains("hunter2"), "{ran:#?}");
}

#[tokio::test]
async fn certificates_that_cannot_be_used_are_named() {
    let cli = Cli::at("https://auth.acme.test").with("KEYSTILE_CA_BUNDLE", "/nowhere/ca.pem");
    let ran = cli.run(&["auth", "login", "--browser"]).await;
    ran.failed(1, "Cannot use the certificates in /nowhere/ca.pem\n");
}

#[tokio::test]
async fn a_certificate_of_a_configured_private_authority_is_trusted() {
    let front = TlsFront::start();
    let app = Builder::on(Database::sqlite()).with("KEYSTILE_PUBLIC_URL", &front.url()).start().await;
    front.lead_to(app.address());
    let ran = Cli::at(&front.url()).run(&["auth", "login", "--device", "--no-retry"]).await;
    let ran = ran.failed(3, &format!("Cannot reach {}\n", front.url().trim_start_matches("https://")));
    assert!(
        ran.err.contains("certificate") && ran.err.contains("set KEYSTILE_CA_BUNDLE to its certificate."),
        "{ran:#?}"
    );

    let browser = BrowserCaller::at(app.issuer()).at_node(&app.base());
    app.sign_in(&browser, &app.owner().await).await;
    for variable in ["KEYSTILE_CA_BUNDLE", "SSL_CERT_FILE"] {
        let cli = Cli::at(&front.url()).with(variable, front.authority().to_str().unwrap());
        let login = cli.start(cli.command(&["auth", "login", "--device"]));
        let code = login
            .says(|said| said.split_once("enter this code:  ")?.1.lines().next().map(str::to_owned))
            .await;
        let question = app.enter_code(&browser, &code).await;
        app.answer_device(&browser, &question, "connect").await;
        login.ended().await.good();
        cli.run(&["whoami"]).await.good();
    }
    app.stop().await;
}

#[tokio::test]
async fn an_unreasonable_retry_after_is_not_waited_for() {
    let server = TestServer::start(|_| TestResponse::status(429).header("retry-after", "3600"));
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
    let started = Instant::now();
    let ran = cli.run(&["api", "GET", "/v1/things", "--api-key", KEY, "--api-base", &server.url("")]).await;
    ran.failed(4, "Rate limited\n  Retry in 3600s.");
    assert!(started.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn a_busy_server_gets_four_attempts_by_default() {
    let count = Arc::new(Mutex::new(0));
    let counter = count.clone();
    let server = TestServer::start(move |_| {
        *counter.lock().unwrap() += 1;
        TestResponse::status(503).header("retry-after", "0")
    });
    let base = server.url("");
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
    cli.run(&["api", "GET", "/v1/things", "--api-key", KEY, "--api-base", &base])
        .await
        .failed(3, "Server error (503)\n");
    assert_eq!(*count.lock().unwrap(), 4);
    cli.run(&["api", "GET", "/v1/things", "--api-key", KEY, "--api-base", &base, "--no-retry"])
        .await
        .failed(3, "Server error (503)\n");
    assert_eq!(*count.lock().unwrap(), 5);
}

#[tokio::test]
async fn a_post_is_retried_only_with_an_idempotency_key_which_is_added_only_for_the_issuer() {
    let count = Arc::new(Mutex::new(0));
    let counter = count.clone();
    let server = TestServer::start(move |_| {
        *counter.lock().unwrap() += 1;
        TestResponse::status(503).header("retry-after", "0")
    });
    let base = server.url("");
    let post = ["api", "POST", "/v1/things", "-d", "{}", "--api-key", KEY, "--api-base", &base];
    let keyed = [&post[..], &["-H", "Idempotency-Key: 1"]].concat();
    let elsewhere = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
    let own = Cli::at(&base).with("KEYSTILE_API_KEY", KEY);
    for (cli, command, requests) in [(&elsewhere, &post[..], 1), (&elsewhere, &keyed, 4), (&own, &post, 4)] {
        *count.lock().unwrap() = 0;
        cli.run(command).await.failed(3, "Server error (503)\n");
        assert_eq!(*count.lock().unwrap(), requests, "{command:?}");
    }
}

#[tokio::test]
async fn a_missing_scope_error_names_where_keys_are_created() {
    let server = TestServer::start(|asked| {
        let issuer = format!("http://{}", asked.host);
        if asked.path.contains("/.well-known/") {
            let mut metadata = metadata(&issuer, &issuer);
            metadata["cli_configuration"]["dashboard_keys_url"] = json!(format!("{issuer}/api-keys"));
            return TestResponse::json(&metadata);
        }
        let error = json!({ "error": {
            "type": "permission_error", "code": "insufficient_scope", "message": "No",
            "required_scopes": ["memories:write"], "granted_scopes": ["memories:read"],
        }});
        TestResponse::json(&error).with_status(403)
    });
    let cli = Cli::at(&server.url("")).with("KEYSTILE_API_KEY", KEY);
    let ran = cli.run(&["whoami"]).await.failed(2, "Insufficient permissions\n");
    let place = format!(
        "  Needs memories:write, has memories:read. Create a key with it at {},\n  then `keystile auth login` to swap \
         it in.",
        server.url("/api-keys")
    );
    assert!(ran.err.contains(&place), "{ran:#?}");
}

#[tokio::test]
async fn a_clock_that_is_far_off_is_found() {
    let server = TestServer::start(|asked| {
        let issuer = format!("http://{}", asked.host);
        TestResponse::json(&metadata(&issuer, &issuer)).header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
    });
    let ran = Cli::at(&server.url("")).run(&["auth", "doctor"]).await;
    assert_eq!(ran.exit, 1, "{ran:#?}");
    assert!(ran.out.lines().any(|line| line.starts_with("✗ clock") && line.contains("ahead of")), "{ran:#?}");
}

#[tokio::test]
async fn a_keyring_that_was_asked_for_and_is_not_there_is_an_error() {
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_CREDENTIAL_STORE", "keyring");
    let ran = cli.run(&["auth", "login", "--browser"]).await;
    ran.failed(2, "Cannot use the keyring of this system\n");
    assert!(!cli.credentials_file().exists());
    let other = Cli::at("http://127.0.0.1:9").with("KEYSTILE_CREDENTIAL_STORE", "cloud");
    other
        .run(&["whoami"])
        .await
        .failed(1, "KEYSTILE_CREDENTIAL_STORE cannot be `cloud`\n  Use file or keyring.");
}
