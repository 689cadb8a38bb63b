//! The other sign-in methods of `auth login`: device code, pasted code, two steps.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::cli::{Cli, Ran, Running, companion};
use crate::support::scripted::{Asked, Scripted};

const DEVICE_CODE: &str = "device-code-that-nobody-may-see";
const ACCESS_TOKEN: &str = "access-token-that-nobody-may-see";
const REFRESH_TOKEN: &str = "refresh-token-that-nobody-may-see";

/// A server where the person approves after this many polls.
fn server(pending: usize) -> Scripted {
    let polls = AtomicUsize::new(0);
    Scripted::start(move |asked, base| {
        let is_poll = asked.path == "/oauth/token" && asked.body.contains("device_code=");
        if is_poll && polls.fetch_add(1, Ordering::Relaxed) < pending {
            return Some((400, json!({ "error": "authorization_pending" })));
        }
        Some(default_reply(asked, base))
    })
}

fn default_reply(asked: &Asked, base: &str) -> (u16, Value) {
    let document = match asked.path.as_str() {
        "/oauth/device_authorization" => json!({
            "device_code": DEVICE_CODE, "user_code": "WDJB-MJHT", "verification_uri": format!("{base}/device"),
            "verification_uri_complete": format!("{base}/device?user_code=WDJB-MJHT"),
            "expires_in": 600, "interval": 1,
        }),
        "/oauth/par" => {
            let answer = json!({
                "request_uri": "urn:x", "expires_in": 300, "login_url": format!("{base}/c/7KQ2-XM4T"),
                "user_check": "7KQ2-XM4T",
            });
            return (201, answer);
        }
        "/oauth/token" => json!({
            "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 28_800,
            "refresh_token": REFRESH_TOKEN, "refresh_token_timeout": 7_776_000,
        }),
        "/api/v1/whoami" => json!({ "data": {
            "kind": "cli_session", "credential": { "id": "ses_9fK2" },
            "subject": { "kind": "user", "id": "usr_1", "email": "ada@example.com" }, "scopes": [],
        }}),
        _ => return (404, json!({})),
    };
    (200, document)
}

fn form(body: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(body.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A shell command on a pseudo-terminal, with the terminal settings before and after it.
fn on_terminal(cli: &Cli, arguments: &str) -> Running {
    let tool = companion();
    // Ctrl-C also reaches the shell, which must continue to print the settings.
    let line =
        format!("trap : INT; stty -g >before; {tool} {arguments}; code=$?; stty -g >after; exit $code");
    let mut script: Command = cli.wrapped("script", &["-qec", &format!("sh -c '{line}'"), "/dev/null"]);
    script.stdin(Stdio::piped()).env("TERM", "xterm");
    cli.start(script)
}

/// Asserts that the terminal settings are unchanged.
fn terminal_is_restored(cli: &Cli) {
    let [before, after] =
        ["before", "after"].map(|name| std::fs::read_to_string(cli.home().join(name)).unwrap());
    assert_eq!(before, after);
}

fn no_secret(ran: &Ran) {
    for secret in [DEVICE_CODE, ACCESS_TOKEN, REFRESH_TOKEN] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{ran:#?}");
    }
}

#[tokio::test]
async fn a_device_code_signs_in_without_a_terminal_and_shows_no_secret() {
    let server = server(1);
    let cli = Cli::at(&server.url()).with_recording_browser();
    let ran = cli.run(&["auth", "login", "--device", "-vv"]).await.good();
    let page = format!("  {}/device", server.url());
    for said in [page.as_str(), "  and enter this code:  WDJB-MJHT", "✓ Signed in as ada@example.com"] {
        assert!(ran.err.lines().any(|line| line == said), "{said}: {ran:#?}");
    }
    no_secret(&ran);
    assert_eq!(cli.stored("default")["access_token"], ACCESS_TOKEN);
    let asked = &server.bodies("/oauth/device_authorization")[0];
    assert_eq!(form(asked, "client_id").as_deref(), Some("keystile-cli"));
    assert!(form(asked, "tool_version").is_some());
    assert!(cli.opened().is_empty());
}

#[tokio::test]
async fn with_json_the_code_is_a_document_on_standard_error() {
    let server = server(0);
    let ran = Cli::at(&server.url()).run(&["auth", "login", "--device", "--json"]).await.good();
    assert_eq!(ran.json()["account"]["email"], "ada@example.com");
    let shown: Value = serde_json::from_str(ran.err.lines().next().unwrap()).unwrap();
    assert_eq!(shown["user_code"], "WDJB-MJHT");
    assert_eq!(shown["expires_in"], 600);
}

#[tokio::test]
async fn the_qr_code_is_drawn_on_request() {
    let server = server(0);
    let ran = Cli::at(&server.url()).run(&["auth", "login", "--device", "--qr"]).await.good();
    assert!(ran.err.contains('█') && ran.err.contains("WDJB-MJHT"), "{ran:#?}");
}

#[tokio::test]
async fn two_processes_share_one_login_by_its_handle() {
    let server = server(0);
    let cli = Cli::at(&server.url());
    let started = cli.run(&["auth", "login", "--start", "--json"]).await.good();
    let document = started.json();
    assert_eq!(document["user_code"], "WDJB-MJHT");
    assert_eq!(document["verification_uri"], format!("{}/device", server.url()));
    assert_eq!(document["expires_in"], 600);
    no_secret(&started);
    let handle = document["resume"].as_str().unwrap();
    cli.run(&["auth", "login", "--resume", handle]).await.good();
    assert_eq!(cli.stored("default")["state"], "ok");
    let headline = format!("There is no pending sign-in {handle}\n");
    cli.run(&["auth", "login", "--resume", handle]).await.failed(2, &headline);
    cli.run(&["auth", "login", "--resume", "../../etc/passwd"]).await.failed(1, "That is not a handle");
    let plain = cli.run(&["auth", "login", "--start"]).await.good();
    assert!(plain.out.starts_with("lh_") && plain.out.lines().count() == 1, "{plain:#?}");
}

#[tokio::test]
async fn without_a_browser_a_terminal_gets_a_device_code_and_is_left_as_it_was() {
    let server = server(1);
    let cli = Cli::at(&server.url()).with("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22");
    let ran = on_terminal(&cli, "auth login").ended().await.good();
    assert!(
        ran.out.contains("and enter this code:  WDJB-MJHT") && ran.out.contains("Signed in as"),
        "{ran:#?}"
    );
    terminal_is_restored(&cli);
}

#[tokio::test]
async fn d_and_p_change_the_sign_in_method_and_the_code_is_not_echoed() {
    let server = server(usize::MAX);
    let cli = Cli::at(&server.url()).with_recording_browser();
    let mut login = on_terminal(&cli, "auth login");
    login.on_terminal(|said| said.contains("left)").then_some(())).await;
    login.types("d");
    login.on_terminal(|said| said.contains("WDJB-MJHT").then_some(())).await;
    login.types("p");
    login.on_terminal(|said| said.contains("the browser ended on):").then_some(())).await;
    login.types("the-code-that-was-shown\n");
    let ran = login.ended().await.good();
    assert!(ran.out.contains("Signed in as ada@example.com"), "{ran:#?}");
    assert!(!ran.out.contains("the-code-that-was-shown"), "{ran:#?}");
    let traded = server.bodies("/oauth/token").pop().unwrap();
    assert_eq!(form(&traded, "code").as_deref(), Some("the-code-that-was-shown"));
    assert_eq!(form(&traded, "redirect_uri"), Some(format!("{}/c/code", server.url())));
    assert!(form(&traded, "code_verifier").is_some());
    terminal_is_restored(&cli);
}

/// A server whose approving poll response is delayed.
fn slow_server() -> Scripted {
    Scripted::start(|asked, base| {
        if asked.path == "/oauth/token" {
            std::thread::sleep(Duration::from_secs(2));
        }
        if asked.path == "/oauth/revoke" {
            return Some((200, json!({})));
        }
        Some(default_reply(asked, base))
    })
}

/// Waits until a request has come to this path.
async fn wait_for_request(server: &Scripted, path: &str) {
    while server.bodies(path).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_approval_that_comes_while_p_is_pressed_is_not_lost() {
    let server = slow_server();
    let cli = Cli::at(&server.url());
    let mut login = on_terminal(&cli, "auth login --device");
    wait_for_request(&server, "/oauth/token").await;
    login.types("p");
    let ran = login.ended().await.good();
    assert!(ran.out.contains("Signed in as ada@example.com"), "{ran:#?}");
    assert_eq!(cli.stored("default")["refresh_token"], REFRESH_TOKEN);
    assert_eq!(server.bodies("/oauth/token").len(), 1, "one session, stored by the tool");
    assert!(server.bodies("/oauth/revoke").is_empty());
    terminal_is_restored(&cli);
}

#[tokio::test]
async fn an_approval_that_comes_while_ctrl_c_is_pressed_leaves_no_session_at_the_server() {
    let server = slow_server();
    let cli = Cli::at(&server.url());
    let mut login = on_terminal(&cli, "auth login --device");
    wait_for_request(&server, "/oauth/token").await;
    login.types("\x03");
    let ran = login.ended().await;
    assert_eq!(ran.exit, 130, "{ran:#?}");
    assert!(!cli.credentials_file().exists());
    let ended: Vec<_> = server.bodies("/oauth/revoke").iter().map(|body| form(body, "token")).collect();
    assert_eq!(ended, [Some(REFRESH_TOKEN.to_owned())]);
    terminal_is_restored(&cli);
}

#[tokio::test]
async fn d_while_the_browser_comes_back_makes_one_session_and_not_two() {
    let server = server(0);
    let cli = Cli::at(&server.url()).with_recording_browser();
    let mut login = on_terminal(&cli, "auth login");
    login.on_terminal(|said| said.contains("left)").then_some(())).await;
    let pushed = server.bodies("/oauth/par").pop().unwrap();
    let [redirect, state] = ["redirect_uri", "state"].map(|name| form(&pushed, name).unwrap());
    login.types("d");
    // Either may win; the browser may find the port closed.
    drop(reqwest::get(format!("{redirect}?code=c&state={state}")).await);
    let ran = login.ended().await.good();
    assert!(ran.out.contains("Signed in as ada@example.com"), "{ran:#?}");
    assert_eq!(server.bodies("/oauth/token").len(), 1, "{ran:#?}");
    terminal_is_restored(&cli);
}

#[tokio::test]
async fn a_session_that_cannot_be_stored_is_ended_at_the_server() {
    let server = slow_server();
    let cli = Cli::at(&server.url());
    let login = cli.start(cli.command(&["auth", "login", "--device"]));
    wait_for_request(&server, "/oauth/token").await;
    // Whatever is at the path cannot be replaced by a file.
    std::fs::create_dir_all(cli.credentials_file().join("x")).unwrap();
    let ran = login.ended().await;
    assert_eq!(ran.exit, 2, "{ran:#?}");
    let ended: Vec<_> = server.bodies("/oauth/revoke").iter().map(|body| form(body, "token")).collect();
    assert_eq!(ended, [Some(REFRESH_TOKEN.to_owned())]);
}

#[tokio::test]
async fn the_status_says_how_the_session_was_signed_in() {
    let server = server(0);
    let cli = Cli::at(&server.url());
    cli.run(&["auth", "login", "--device"]).await.good();
    let status = cli.run(&["auth", "status"]).await.good();
    let line = "  Method        sign-in by device code, CLI session ses_9fK2";
    assert!(status.out.lines().any(|said| said == line), "{status:#?}");
    assert_eq!(cli.run(&["auth", "status", "--json"]).await.good().json()["signed_in_by"], "device_code");
    // A session stored by an earlier version has no sign-in method.
    cli.edit(|document| {
        document["profiles"]["default"].as_object_mut().unwrap().remove("signed_in_by");
    });
    let status = cli.run(&["auth", "status"]).await.good();
    assert!(status.out.lines().any(|said| said == "  Method        CLI session ses_9fK2"), "{status:#?}");
}

#[tokio::test]
async fn ctrl_c_leaves_the_terminal_as_it_was() {
    let server = server(usize::MAX);
    for arguments in ["auth login --device", "auth login --no-browser", "auth login --api-key"] {
        let cli = Cli::at(&server.url());
        let mut login = on_terminal(&cli, arguments);
        let asks = ["Waiting for approval", "ended on):", "Paste your key:"];
        login.on_terminal(|said| asks.iter().any(|asks| said.contains(asks)).then_some(())).await;
        // The tool listens for keys soon after it has drawn the screen.
        tokio::time::sleep(Duration::from_millis(500)).await;
        login.types("\x03");
        let ran = login.ended().await;
        assert_eq!(ran.exit, 130, "{arguments}: {ran:#?}");
        assert!(ran.out.contains("Stopped"), "{arguments}: {ran:#?}");
        terminal_is_restored(&cli);
        assert!(!cli.credentials_file().exists());
    }
}

#[tokio::test]
async fn without_a_person_nothing_can_be_pasted() {
    let server = server(0);
    let cli = Cli::at(&server.url());
    cli.run(&["auth", "login", "--no-browser"]).await.says_at_its_end(2, "No code was pasted\n");
    cli.run(&["auth", "login", "--no-browser", "--no-input"]).await.failed(2, "Not authenticated\n");
}

/// A server with this response to the status of a pushed request.
fn with_status(status: (u16, Value)) -> Scripted {
    Scripted::start(move |asked, base| {
        Some(if asked.path == "/oauth/par/status" { status.clone() } else { default_reply(asked, base) })
    })
}

#[tokio::test]
async fn cg_04_a_link_that_has_ended_leads_to_a_device_code() {
    let server = with_status((200, json!({ "status": "ended" })));
    let cli = Cli::at(&server.url());
    let login = on_terminal(&cli, "auth login --no-browser");
    login.on_terminal(|said| said.contains("WDJB-MJHT").then_some(())).await;
    let ran = login.ended().await.good();
    assert!(ran.out.contains("The link has expired. Use a device code instead.\r\n"), "{ran:#?}");
    assert_eq!(cli.stored("default")["signed_in_by"], "device_code");
    let asked = &server.bodies("/oauth/par/status")[0];
    let sent = ["client_id", "request_uri"].map(|name| form(asked, name));
    assert_eq!(sent, [Some("keystile-cli".to_owned()), Some("urn:x".to_owned())]);
    terminal_is_restored(&cli);
}

#[tokio::test]
async fn cg_04_a_code_can_be_pasted_where_the_server_gives_no_status() {
    for status in
        [(500, json!({})), (404, json!({})), (200, json!("nonsense")), (200, json!({ "status": "new" }))]
    {
        let server = with_status(status.clone());
        let cli = Cli::at(&server.url());
        let mut login = on_terminal(&cli, "auth login --no-browser");
        wait_for_request(&server, "/oauth/par/status").await;
        // The response has arrived by now, and changes nothing.
        tokio::time::sleep(Duration::from_millis(500)).await;
        login.types("the-code\n");
        let ran = login.ended().await.good();
        assert!(!ran.out.contains("WDJB-MJHT"), "{status:?}: {ran:#?}");
        assert_eq!(cli.stored("default")["signed_in_by"], "pasted_code");
    }
}

#[tokio::test]
async fn the_settings_and_the_variable_choose_the_sign_in_method() {
    let server = server(0);
    let cli = Cli::at(&server.url());
    cli.run(&["config", "set", "defaults.login_method", "device"]).await.good();
    let ran = cli.run(&["auth", "login"]).await.good();
    assert!(ran.err.contains("WDJB-MJHT"), "{ran:#?}");
    let mut command = cli.command(&["auth", "login"]);
    command.env("KEYSTILE_LOGIN_METHOD", "pigeon");
    cli.start(command).ended().await.failed(1, "KEYSTILE_LOGIN_METHOD cannot be `pigeon`\n");
}

#[tokio::test]
async fn sign_in_methods_are_mutually_exclusive() {
    let cli = Cli::at("http://127.0.0.1:9");
    for arguments in [
        &["--device", "--browser"][..],
        &["--start", "--no-browser"],
        &["--resume", "lh_x", "--device"],
        &["--token", "x", "--with-token"],
    ] {
        let line: Vec<_> = ["auth", "login"].iter().chain(arguments).copied().collect();
        assert_eq!(cli.run(&line).await.exit, 1, "{arguments:?}");
    }
    cli.run(&["--api-key", "x", "auth", "login", "--device"])
        .await
        .failed(1, "A key cannot be combined with --browser");
}
