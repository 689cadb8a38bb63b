//! A server that answers with what the protocol does not allow: URLs that are not its own, numbers and answers without
//! bounds.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Running};
use crate::support::scripted::{Asked, Reply, Scripted, metadata};
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
    Scripted::start(move |asked, _| device_code(asked, &page, &complete))
}

fn device_code(asked: &Asked, page: &Value, complete: &Value) -> Reply {
    match asked.path.as_str() {
        "/oauth/device_authorization" => {
            let code = json!({
                "device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": page,
                "verification_uri_complete": complete, "expires_in": 600, "interval": 1,
            });
            Some((200, code))
        }
        _ => Some((400, json!({ "error": "authorization_pending" }))),
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
        let ran = cli.run(&["auth", "login", "--device"]).await;
        let host = server.url().trim_start_matches("http://").to_owned();
        let ran = ran.failed(3, &format!("{host} gave an answer that makes no sense\n"));
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
        device_code(asked, &json!(format!("{base}/device")), &complete)
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
