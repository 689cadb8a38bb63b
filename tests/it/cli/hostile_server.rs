//! A server that answers with what the protocol does not allow: URLs that are not its own, numbers and answers without
//! bounds.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Running};
use crate::support::scripted::{Asked, Scripted, metadata};
use crate::support::tls::TlsFront;

/// Addresses that a browser or a system opener would run, or that lead to another server.
const FOREIGN: [&str; 8] = [
    "file:///etc/passwd",
    "file://host/evil.exe",
    "javascript:alert(1)",
    "ms-msdt:/id",
    "ssh://-oProxyCommand=calc/",
    "http://login.evil.test/c/1",
    "https://login.evil.test/c/1",
    "https://127.0.0.1@login.evil.test/c/1",
];

/// A server whose short link is this.
fn with_link(link: String) -> Scripted {
    Scripted::start(move |asked, _| match asked.path.as_str() {
        "/oauth/par" => {
            let pushed =
                json!({ "request_uri": "urn:x", "expires_in": 300, "login_url": link, "user_check": "7KQ2" });
            Some((201, pushed))
        }
        _ => Some((404, json!({}))),
    })
}

/// A server whose device code has this page.
fn with_page(page: Value, complete: Value) -> Scripted {
    Scripted::start(move |asked, _| Some(device_code(asked, &page, &complete)))
}

fn device_code(asked: &Asked, page: &Value, complete: &Value) -> (u16, Value) {
    match asked.path.as_str() {
        "/oauth/device_authorization" => {
            let code = json!({
                "device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": page,
                "verification_uri_complete": complete, "expires_in": 600, "interval": 1,
            });
            (200, code)
        }
        _ => (400, json!({ "error": "authorization_pending" })),
    }
}

/// A command on a terminal that stays open.
fn on_terminal(cli: &Cli, arguments: &str) -> Running {
    let mut command = cli.terminal(arguments);
    command.stdin(Stdio::piped());
    cli.start(command)
}

/// The first URL that the browser was asked to open.
async fn opened(cli: &Cli) -> String {
    for _ in 0..6_000 {
        if let Some(url) = cli.opened().into_iter().next() {
            return url;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no browser was opened");
}

#[tokio::test]
async fn ch_02_the_browser_opens_no_link_to_another_server() {
    for link in FOREIGN {
        let server = with_link(link.to_owned());
        let cli = Cli::at(&server.url()).with_recording_browser();
        let mut login = cli.login(&[]);
        let authorization =
            format!("{}/oauth/authorize?client_id=keystile-cli&request_uri=urn%3Ax", server.url());
        assert_eq!(opened(&cli).await, authorization, "{link}");
        login.kill();
        let ran = login.ended().await;
        assert!(ran.err.contains(&authorization) && !ran.err.contains(link), "{link}: {ran:#?}");
    }
}

#[tokio::test]
async fn ch_02_a_link_to_the_server_itself_is_opened() {
    let server = Scripted::start(|asked, base| match asked.path.as_str() {
        "/oauth/par" => Some((201, json!({ "request_uri": "urn:x", "login_url": format!("{base}/c/7KQ2") }))),
        _ => Some((404, json!({}))),
    });
    let cli = Cli::at(&server.url()).with_recording_browser();
    let mut login = cli.login(&[]);
    assert_eq!(opened(&cli).await, format!("{}/c/7KQ2", server.url()));
    login.kill();
}

#[tokio::test]
async fn ch_02_a_device_code_whose_page_is_no_web_page_is_refused() {
    for page in FOREIGN.into_iter().filter(|page| *page != "https://login.evil.test/c/1") {
        let server = with_page(json!(page), Value::Null);
        let cli = Cli::at(&server.url()).with_recording_browser();
        let ran = cli.run(&["auth", "login", "--device", "--timeout", "5s"]).await;
        let host = server.url().trim_start_matches("http://").to_owned();
        let ran = ran.failed(3, &format!("{host} sent an invalid response\n"));
        assert!(
            ran.err.contains("The verification_uri of its device code is not https."),
            "{page}: {ran:#?}"
        );
        cli.run(&["auth", "login", "--start"]).await.failed(3, &host);
        assert!(cli.opened().is_empty(), "{page}");
    }
}

#[tokio::test]
async fn ch_02_the_page_of_another_server_is_shown_and_not_opened() {
    let server =
        with_page(json!("https://login.evil.test/device"), json!("https://login.evil.test/device?c=1"));
    let cli = Cli::at(&server.url()).with_recording_browser();
    let mut login = on_terminal(&cli, "auth login --device");
    login.on_terminal(|said| said.contains("login.evil.test is not 127.0.0.1").then_some(())).await;
    // Enter opens the page again.
    login.types("\n");
    let again = |said: &str| (said.matches("so it was not opened").count() == 2).then_some(());
    login.on_terminal(again).await;
    login.kill();
    assert!(cli.opened().is_empty());
}

#[tokio::test]
async fn ch_02_the_complete_page_has_the_origin_of_the_page_that_is_shown() {
    let server = Scripted::start(|asked, base| {
        let complete = json!("https://login.evil.test/device?user_code=WDJB-MJHT");
        Some(device_code(asked, &json!(format!("{base}/device")), &complete))
    });
    let cli = Cli::at(&server.url()).with_recording_browser();
    let mut login = on_terminal(&cli, "auth login --device");
    assert_eq!(opened(&cli).await, format!("{}/device", server.url()));
    login.kill();
    let started = cli.run(&["auth", "login", "--start", "--json"]).await.good().json();
    assert_eq!(started["verification_uri_complete"], Value::Null);
}

#[tokio::test]
async fn ch_18_an_https_issuer_has_no_endpoint_without_tls() {
    let listener = Scripted::start(|_, _| Some((200, json!({}))));
    for member in [
        "authorization_endpoint",
        "token_endpoint",
        "pushed_authorization_request_endpoint",
        "device_authorization_endpoint",
        "revocation_endpoint",
    ] {
        let front = TlsFront::start();
        let (issuer, elsewhere) = (front.url(), listener.url());
        let server = Scripted::with_metadata(
            move |_| {
                let mut document = metadata(&issuer);
                document[member] = json!(format!("{elsewhere}/oauth"));
                document
            },
            |_, _| Some((404, json!({}))),
        );
        front.lead_to(server.address());
        let cli = Cli::at(&front.url()).with("KEYSTILE_CA_BUNDLE", front.authority().to_str().unwrap());
        let ran = cli.run(&["auth", "login", "--device"]).await;
        assert_eq!(ran.exit, 3, "{ran:#?}");
        assert!(ran.err.contains(&format!("The {member} of its metadata is not https.")), "{ran:#?}");
    }
    assert!(listener.asked("/oauth").is_empty());
}

#[tokio::test]
async fn ch_18_no_token_is_sent_to_an_api_or_endpoint_without_tls() {
    let listener = Scripted::start(|_, _| Some((200, json!({}))));
    for (member, nested) in [("token_endpoint", false), ("api_base", true)] {
        let front = TlsFront::start();
        let (issuer, elsewhere) = (front.url(), listener.url());
        let server = Scripted::with_metadata(
            move |_| {
                let mut document = metadata(&issuer);
                let members = if nested { &mut document["cli_configuration"] } else { &mut document };
                members[member] = json!(elsewhere);
                document
            },
            |_, _| Some((404, json!({}))),
        );
        front.lead_to(server.address());
        let cli = Cli::at(&front.url()).with("KEYSTILE_CA_BUNDLE", front.authority().to_str().unwrap());
        std::fs::create_dir_all(cli.folder()).unwrap();
        let session = json!({ "version": 1, "profiles": { "default": {
            "kind": "oauth", "issuer": front.url(), "api_base": front.url(), "client_id": "keystile-cli",
            "access_token": "access", "access_expires_at": "2020-01-01T00:00:00Z", "refresh_token": "refresh",
        }}});
        std::fs::write(cli.credentials_file(), session.to_string()).unwrap();
        let ran = cli.run(&["auth", "token"]).await;
        assert_eq!(ran.exit, 3, "{ran:#?}");
        assert!(ran.err.contains(&format!("The {member} of its metadata is not https.")), "{ran:#?}");
        assert_eq!(cli.stored("default")["refresh_token"], "refresh");
    }
    assert!(listener.asked("/").is_empty());
}

/// A CLI with a stored session at this server.
fn signed_in(server: &Scripted, session: &Value) -> Cli {
    let cli = Cli::at(&server.url());
    std::fs::create_dir_all(cli.folder()).unwrap();
    let mut stored = json!({
        "kind": "oauth", "issuer": server.url(), "api_base": server.url(), "client_id": "keystile-cli",
        "access_token": "access-1", "access_expires_at": "2100-01-01T00:00:00Z", "refresh_token": "refresh-1",
    });
    stored.as_object_mut().unwrap().extend(session.as_object().unwrap().clone());
    let document = json!({ "version": 1, "profiles": { "default": stored } });
    std::fs::write(cli.credentials_file(), document.to_string()).unwrap();
    cli
}

fn tokens(number: usize) -> Value {
    json!({
        "access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": 28_800,
        "refresh_token": format!("refresh-{number}"),
    })
}

#[tokio::test]
async fn ch_18_an_api_that_rejects_every_token_costs_one_refresh_a_minute() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/oauth/token" => Some((200, tokens(2))),
        _ => Some((401, json!({ "error": { "code": "invalid_token", "message": "No" } }))),
    });
    let cli = signed_in(&server, &json!({}));
    for _ in 0..3 {
        cli.run(&["api", "GET", "/done"]).await;
    }
    assert_eq!(server.bodies("/oauth/token").len(), 1);
    assert_eq!(server.asked("/done").len(), 4, "only the refreshed token is tried again");
    // A minute later.
    cli.edit(|document| document["profiles"]["default"]["rejected_at"] = json!("2020-01-01T00:00:00Z"));
    cli.run(&["api", "GET", "/done"]).await;
    assert_eq!(server.bodies("/oauth/token").len(), 2);
    // What the user asks for is not limited.
    cli.run(&["auth", "refresh"]).await;
    assert_eq!(server.bodies("/oauth/token").len(), 3);
}

#[tokio::test]
async fn ch_11_a_huge_timeout_is_a_long_one() {
    let server = with_link(String::from("file:///"));
    for timeout in ["18446744073709551615", "18446744073709551615s"] {
        let cli = Cli::at(&server.url()).with_recording_browser();
        let mut login = cli.login(&["--timeout", timeout]);
        opened(&cli).await;
        login.kill();
        assert!(!login.ended().await.err.contains("panicked"), "{timeout}");
    }
    let device = Cli::at(&server.url());
    device
        .run(&["auth", "token", "--min-ttl", "18446744073709551615"])
        .await
        .failed(2, "Not authenticated\n");
}

#[tokio::test]
async fn ch_11_huge_lifetimes_of_a_server_are_long_ones() {
    let server = Scripted::start(|asked, base| match asked.path.as_str() {
        "/oauth/device_authorization" => {
            let code = json!({
                "device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/device"),
                "expires_in": u64::MAX, "interval": 1,
            });
            Some((200, code))
        }
        "/oauth/token" => {
            let mut answer = tokens(1);
            for member in ["expires_in", "refresh_token_timeout", "authorization_expires_in"] {
                answer[member] = json!(u64::MAX);
            }
            Some((200, answer))
        }
        _ => Some((404, json!({}))),
    });
    let cli = Cli::at(&server.url());
    cli.run(&["auth", "login", "--device"]).await.good();
    let end = cli.stored("default")["access_expires_at"].as_str().unwrap().to_owned();
    assert!(end.starts_with("21"), "{end}");
    cli.run(&["auth", "token"]).await.good();
    let started = cli.run(&["auth", "login", "--start", "--force", "--json"]).await.good().json();
    cli.run(&["auth", "login", "--resume", started["handle"].as_str().unwrap()]).await.good();
}

#[tokio::test]
async fn ch_11_tokens_stored_under_a_clock_that_ran_ahead_are_refreshed() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/oauth/token" => Some((200, tokens(2))),
        _ => Some((404, json!({}))),
    });
    let cli = signed_in(&server, &json!({ "received_at": "2099-12-31T16:00:00Z" }));
    assert_eq!(cli.run(&["auth", "token"]).await.good().out, "access-2\n");
    assert_eq!(cli.run(&["auth", "token"]).await.good().out, "access-2\n");
    assert_eq!(server.bodies("/oauth/token").len(), 1);
}

/// A server whose answer to every path that starts with `/big` or is `big` has this many bytes.
fn answering(big: &'static str, bytes: usize) -> Scripted {
    Scripted::with_metadata(
        move |base| {
            let mut document = metadata(base);
            if big == "metadata" {
                document["padding"] = json!("x".repeat(bytes));
            }
            document
        },
        move |asked, _| {
            let padding = if asked.path == big { "x".repeat(bytes) } else { String::new() };
            let mut answer = tokens(2);
            answer["padding"] = json!(padding);
            Some((200, answer))
        },
    )
}

#[tokio::test]
async fn ch_10_an_answer_of_the_protocol_has_at_most_a_mebibyte() {
    for (big, path) in
        [("metadata", "/.well-known/oauth-authorization-server"), ("/oauth/token", "/oauth/token")]
    {
        let server = answering(big, (1 << 20) + 1);
        let cli = signed_in(&server, &json!({ "access_expires_at": "2020-01-01T00:00:00Z" }));
        let ran = cli.run(&["auth", "token"]).await;
        assert_eq!(ran.exit, 3, "{ran:#?}");
        let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.contains(&format!("Its response to {path} is larger than the limit of 1 MiB.")),
            "{ran:#?}"
        );
        assert_eq!(server.asked(path).len(), 1, "it is not asked again");
    }
    let server = answering("/oauth/token", 900_000);
    let cli = signed_in(&server, &json!({ "access_expires_at": "2020-01-01T00:00:00Z" }));
    cli.run(&["auth", "token"]).await.good();
}

#[tokio::test]
async fn ch_10_an_answer_of_the_api_has_at_most_the_size_that_the_caller_sets() {
    let server = answering("/v1/export", 3 << 20);
    let cli = signed_in(&server, &json!({}));
    let ran = cli.run(&["api", "GET", "/v1/export"]).await.good();
    assert!(ran.out.len() > 3 << 20);
    let ran = cli.run(&["api", "GET", "/v1/export", "--max-size", "1000000"]).await;
    assert_eq!((ran.exit, ran.out.as_str()), (3, ""));
    assert!(ran.err.contains("is larger than the limit of 1000000 bytes"), "{}", ran.err);
}
