//! What people see: on narrow terminals, before they are signed in, and when something is slow or stopped.

use std::fs;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use keystile::testing::{TestResponse, TestServer};
use keystiled::domain::clock::Clock;
use serde_json::{Value, json};

use crate::support::both_engines;
use crate::support::cli::{Cli, Ran, companion};
use crate::support::scripted::Scripted;
use crate::support::tls::TlsFront;

/// A well-formed key that no server has issued.
const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";

/// A server that gives out device codes which nobody approves.
fn with_device_codes() -> Scripted {
    Scripted::start(|asked, base| match asked.path.as_str() {
        "/oauth/device_authorization" => {
            let page = format!("{base}/device");
            let code = json!({
                "device_code": "secret", "user_code": "WDJB-MJHT", "verification_uri": page, "expires_in": 600,
                "interval": 1,
            });
            Some((200, code))
        }
        _ => Some((400, json!({ "error": "authorization_pending" }))),
    })
}

/// What a sign-in of three seconds shows on a terminal of this width.
async fn sign_in_on_terminal(variables: &str, columns: u16) -> String {
    let server = with_device_codes();
    let cli = Cli::at(&server.url());
    let line = format!(
        "stty cols {columns} rows 24; exec env {variables} {} auth login --device --timeout 3s",
        companion()
    );
    let mut command = cli.wrapped("script", &["-qec", &line, "/dev/null"]);
    command.stdin(std::process::Stdio::piped()).env("TERM", "xterm");
    cli.start(command).ended().await.out
}

#[tokio::test]
async fn ch_12_progress_is_cut_to_the_width_of_the_terminal() {
    for columns in [12, 24, 80] {
        let shown = sign_in_on_terminal("A=b", columns).await;
        let frames: Vec<_> = shown.split("\r\u{1b}[K").skip(1).collect();
        assert!(frames.len() > 5, "{shown}");
        // The last frame is followed by other output.
        for frame in &frames[..frames.len() - 1] {
            assert!(frame.chars().count() < usize::from(columns), "{columns}: {frame:?}");
        }
        let page = shown.lines().find(|line| line.contains("/device")).unwrap();
        assert!(page.trim_end().ends_with("/device"), "the address is one line: {page}");
    }
}

#[tokio::test]
async fn ch_12_a_dumb_terminal_and_a_screen_reader_get_one_line_that_stays() {
    for variables in ["TERM=dumb", "KEYSTILE_NO_ANIMATION=1"] {
        let shown = sign_in_on_terminal(variables, 80).await;
        assert!(!shown.contains("\u{1b}[K"), "{variables}: {shown:?}");
        assert_eq!(shown.matches("Waiting for approval").count(), 1, "{variables}: {shown:?}");
    }
}

#[tokio::test]
async fn ch_13_not_authenticated_names_profile_and_server() {
    let cli = Cli::at("http://127.0.0.1:9");
    let ran = cli.run(&["whoami", "-p", "work"]).await;
    let ran = ran.failed(2, "Not authenticated\n  Run `keystile auth login` and paste your API key, or sign in with your browser. (See `keystile auth login --help`.)\n");
    assert!(ran.err.contains("  Profile work, server http://127.0.0.1:9.\n"), "{ran:#?}");
    assert!(!ran.err.contains("--issuer"), "{ran:#?}");
    let error = cli.run(&["whoami", "--json", "--issuer", "https://auth.acme.dev"]).await.error();
    assert_eq!((&error["profile"], &error["issuer"]), (&json!("default"), &json!("https://auth.acme.dev")));
}

#[tokio::test]
async fn ch_13_a_first_run_mentions_the_flag_for_another_server() {
    let first = Cli::of_brand(companion(), "keystile");
    let ran = first.run(&["whoami"]).await.failed(2, "Not authenticated\n");
    assert!(
        ran.err.contains("server http://127.0.0.1:8642.\n  For another server, add --issuer URL.\n"),
        "{ran:#?}"
    );
    let ran = first.run(&["auth", "login"]).await.failed(2, "Not authenticated\n");
    assert!(ran.err.contains("add --issuer URL."), "{ran:#?}");
    let elsewhere = Cli::at("https://auth.acme.dev");
    assert!(!elsewhere.run(&["whoami"]).await.err.contains("--issuer"));
}

#[tokio::test]
async fn a_list_has_the_width_of_the_terminal() {
    let server = Scripted::start(|_, _| {
        let key = json!({
            "id": "key_0123456789", "name": "the key of the nightly build", "scopes": ["deployments:read", "org:read"],
            "prefix": "keystile_live_", "lastFour": "wxyz", "owner": { "name": "Pipeline of the north" },
        });
        Some((200, json!({ "data": [key], "nextCursor": null })))
    });
    let cli = Cli::at(&server.url()).with("KEYSTILE_API_KEY", KEY);
    let shown = async |columns: u16| {
        let line = format!("stty cols {columns} rows 24; exec {} key list", companion());
        let mut command = cli.wrapped("script", &["-qec", &line, "/dev/null"]);
        command.stdin(std::process::Stdio::piped()).env("TERM", "xterm");
        cli.start(command).ended().await.good().out.replace('\r', "")
    };
    let narrow = shown(90).await;
    assert!(narrow.lines().all(|line| line.chars().count() <= 90), "{narrow}");
    assert!(narrow.contains("key_0123456789  ") && narrow.contains('…'), "{narrow}");
    assert!(shown(20).await.contains("KEY key_0123456789\n"));
    let piped = cli.run(&["key", "list"]).await.good().out;
    assert!(piped.contains("the key of the nightly build") && piped.contains("deployments:read org:read"));
}

#[tokio::test]
async fn a_script_names_scopes_and_end_of_a_new_key_and_a_terminal_asks() {
    let server = Scripted::start(|asked, _| match asked.path.split('?').next().unwrap() {
        "/api/v1/scopes" => {
            let scope = json!({ "id": "org:read", "label": "See the organization", "level": "read" });
            Some((200, json!({ "data": { "scopes": [scope] } })))
        }
        _ => Some((201, json!({ "data": { "id": "key_9", "apiKey": KEY } }))),
    });
    let cli = Cli::at(&server.url()).with("KEYSTILE_API_KEY", KEY);
    let both = "The scopes and the end of a new key must be named\n  Add --scopes A,B (or --all-scopes) and --expires 90d (or --expires never).";
    cli.run(&["key", "create", "ci"]).await.failed(1, both);
    let end = "The scopes and the end of a new key must be named\n  Add --expires 90d (or --expires never).";
    cli.run(&["key", "create", "ci", "--scopes", "org:read"]).await.failed(1, end);
    cli.run(&["key", "create", "ci", "--all-scopes", "--scopes", "org:read"]).await.failed(1, "the argument");
    assert!(server.bodies("/api/v1/keys").is_empty());

    let mut asking = cli.start(cli.terminal("key create ci"));
    asking.on_terminal(|said| said.contains("? Scopes, separated by commas").then_some(())).await;
    asking.types("?\n");
    asking.on_terminal(|said| said.contains("org:read  See the organization").then_some(())).await;
    asking.types("org:read, keys:read\n");
    asking.on_terminal(|said| said.contains("? Lifetime").then_some(())).await;
    asking.types("soon\n");
    asking.on_terminal(|said| said.contains("`soon` is not a duration").then_some(())).await;
    asking.types("90d\n");
    asking.ended().await.good();
    let asked: Value = serde_json::from_str(&server.bodies("/api/v1/keys").pop().unwrap()).unwrap();
    assert_eq!(asked["scopes"], json!(["org:read", "keys:read"]));
    assert!(asked["expiresAt"].is_string());
}

/// Runs a command with certificates of this kind and returns what it says.
async fn with_certificates(front: &TlsFront, variables: &[(&str, &str)]) -> Ran {
    let mut cli = Cli::at(&front.url());
    for (name, value) in variables {
        cli = cli.with(name, value);
    }
    cli.run(&["auth", "login", "--device", "--no-retry"]).await
}

#[tokio::test]
async fn ch_15_files_of_certificates_are_checked_and_their_variable_is_named() {
    let front = TlsFront::start();
    let (empty, garbage) =
        (Cli::at(&front.url()), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let file = |name: &str, text: &str| {
        let path = empty.home().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (nothing, garbage) = (file("empty.pem", "# none\n"), file("garbage.pem", garbage));
    for variable in ["SSL_CERT_FILE", "KEYSTILE_CA_BUNDLE"] {
        for (path, cause) in [("/nowhere/ca.pem", "No such file"), (&nothing, "It has no certificate.")] {
            let ran = with_certificates(&front, &[(variable, path)]).await;
            let ran = ran.failed(1, &format!("Cannot use the certificates in {path}\n"));
            assert!(
                ran.err.contains(cause) && ran.err.contains(&format!("{variable} names this file: set it")),
                "{ran:#?}"
            );
        }
        let ran = with_certificates(&front, &[(variable, &garbage)]).await;
        assert_eq!(ran.exit, 1, "{ran:#?}");
    }
    // An empty variable is an unset one: the certificates of the system and of the bundle are used.
    let authority = front.authority().display().to_string();
    let server = Scripted::with_metadata(move |_| json!({}), |_, _| None);
    front.lead_to(server.address());
    let ran = with_certificates(&front, &[("SSL_CERT_FILE", ""), ("KEYSTILE_CA_BUNDLE", &authority)]).await;
    assert!(ran.err.contains("sent an invalid response"), "the connection is trusted: {ran:#?}");
    let ran = with_certificates(&front, &[("SSL_CERT_FILE", "")]).await;
    assert!(ran.err.contains("self-signed, or of an authority that this machine does not trust"), "{ran:#?}");
}

#[tokio::test]
async fn ch_15_a_stale_variable_does_not_disturb_a_server_of_this_machine() {
    let server = TestServer::start(|_| TestResponse::json(&json!({ "ok": true })));
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
    let cli = cli.with("KEYSTILE_API_BASE", &server.url("")).with("SSL_CERT_FILE", "/nowhere/ca.pem");
    cli.run(&["api", "/v1/things"]).await.good();
}

#[tokio::test]
async fn ch_15_a_certificate_of_an_authority_is_explained() {
    let front = TlsFront::self_signed();
    let server = Scripted::with_metadata(|_| json!({}), |_, _| None);
    front.lead_to(server.address());
    let authority = front.authority().display().to_string();
    let ran = with_certificates(&front, &[("KEYSTILE_CA_BUNDLE", &authority)]).await;
    let host = front.url().trim_start_matches("https://").to_owned();
    let ran = ran
        .failed(3, &format!("Cannot reach {host}\n  its certificate is self-signed and marked as that of"));
    assert!(ran.err.contains("basicConstraints=critical,CA:FALSE"), "{ran:#?}");
    assert!(!ran.err.contains("CaUsedAsEndEntity"), "{ran:#?}");
}

/// Starts the CLI as a shell with job control does, presses Ctrl-Z at its hidden prompt, and continues it. Prints whether
/// the terminal echoes at each step.
const JOB_CONTROL: &str = r#"
import os, pty, signal, sys, termios, time

def echoes(terminal):
    return "echo" if termios.tcgetattr(terminal)[3] & termios.ECHO else "silent"

def waits_for(terminal, state, seconds=20):
    end = time.monotonic() + seconds
    while echoes(terminal) != state and time.monotonic() < end:
        time.sleep(0.02)
    return echoes(terminal)

shell, terminal = pty.fork()
if shell == 0:
    # The shell: the leader of the session.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    before = termios.tcgetattr(0)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.argv[1], sys.argv[1:])
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            os.write(1, b"<ended %d>" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        os.tcsetpgrp(0, os.getpgrp())
        os.write(1, b"<stopped %s>" % echoes(0).encode())
        # As shells do, whatever the job left.
        termios.tcsetattr(0, termios.TCSANOW, before)
        os.read(0, 100)
        os.tcsetpgrp(0, job)
        os.kill(-job, signal.SIGCONT)

said = b""
def read_until(text):
    global said
    while text not in said:
        said += os.read(terminal, 4096)

read_until(b"Paste your key:")
print("asked", waits_for(terminal, "silent"))
os.write(terminal, b"half")
time.sleep(0.3)
os.write(terminal, b"\x1a")
read_until(b"<stopped")
read_until(b">")
print("stopped", "echo" if b"<stopped echo>" in said else "silent")
os.write(terminal, b"fg\n")
print("continued", waits_for(terminal, "silent"))
said = b""
os.write(terminal, sys.argv[1].encode()[:0] + b"secret-that-is-typed\n")
read_until(b"<ended")
print("typed", "shown" if b"secret-that-is-typed" in said else "hidden")
print("end", waits_for(terminal, "echo"))
"#;

#[tokio::test]
async fn ch_19_ctrl_z_at_a_hidden_prompt_restores_the_echo_and_fg_hides_again() {
    let cli = Cli::at("http://127.0.0.1:9");
    let script = cli.home().join("shell.py");
    fs::write(&script, JOB_CONTROL).unwrap();
    let script = script.display().to_string();
    let program = fs::canonicalize(companion()).unwrap().display().to_string();
    let shell = cli.wrapped("python3", &[&script, &program, "auth", "login", "--api-key"]);
    let ran = cli.start(shell).ended().await.good();
    assert_eq!(ran.out, "asked silent\nstopped echo\ncontinued silent\ntyped hidden\nend echo\n", "{ran:#?}");
}

#[tokio::test]
async fn ch_19_a_slow_logout_says_what_it_waits_for() {
    let server = Scripted::start(|asked, _| {
        if asked.path == "/oauth/revoke" {
            std::thread::sleep(Duration::from_secs(4));
        }
        Some((200, json!({})))
    });
    let cli = signed_in(&server);
    let ran = cli.run(&["auth", "logout"]).await.good();
    let host = server.url().trim_start_matches("http://").to_owned();
    let waits = format!(
        "Waiting for {host} to revoke the session. `keystile auth logout --local` does not ask the server.\n"
    );
    assert!(ran.err.starts_with(&waits), "{ran:#?}");
    assert!(ran.err.contains("✓ Signed out of profile default: session revoked at "), "{ran:#?}");
}

fn now() -> DateTime<Utc> {
    Clock::System.now().utc()
}

/// A tool with a session at this server.
fn signed_in(server: &Scripted) -> Cli {
    let cli = Cli::at(&server.url());
    let (base, now) = (server.url(), now());
    let session = json!({
        "kind": "oauth", "issuer": base, "api_base": base, "client_id": "keystile-cli", "session_id": "ses_1",
        "scopes": ["org:read"], "access_token": "access", "refresh_token": "refresh", "received_at": now,
        "access_expires_at": now + TimeDelta::hours(1), "generation": 1, "state": "ok",
    });
    store(&cli, &json!({ "version": 1, "generation": 1, "profiles": { "default": session } }));
    cli
}

/// Writes the credentials file as a tool would.
fn store(cli: &Cli, document: &Value) {
    use std::os::unix::fs::PermissionsExt as _;

    fs::create_dir_all(cli.folder()).unwrap();
    fs::set_permissions(cli.folder(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(cli.credentials_file(), document.to_string()).unwrap();
    fs::set_permissions(cli.credentials_file(), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn ch_19_status_does_not_deny_what_it_could_not_check() {
    let server = Scripted::start(|_, _| Some((503, json!({}))));
    let cli = signed_in(&server);
    let ran = cli.run(&["auth", "status", "--json", "--no-retry"]).await;
    assert_eq!(ran.exit, 3, "{ran:#?}");
    let status = ran.json();
    assert_eq!((&status["authenticated"], &status["verified"]), (&Value::Null, &json!(false)), "{status}");
    let away = Cli::at("http://127.0.0.1:9");
    let ran = away.run(&["auth", "status", "--json"]).await;
    assert_eq!((ran.exit, &ran.json()["authenticated"]), (2, &json!(false)));
    fs::create_dir_all(away.folder()).unwrap();
    fs::write(away.credentials_file(), "{").unwrap();
    let ran = away.run(&["auth", "status", "--json"]).await;
    assert_eq!((ran.exit, &ran.json()["authenticated"]), (2, &Value::Null), "a damaged file says nothing");
}

#[tokio::test]
async fn ch_19_a_min_ttl_that_no_token_meets_does_not_refresh_each_time() {
    let server = Scripted::start(|asked, _| {
        assert_eq!(asked.path, "/oauth/token");
        let tokens = json!({
            "access_token": "newer", "refresh_token": "newer", "token_type": "Bearer", "expires_in": 3600,
        });
        Some((200, tokens))
    });
    let cli = signed_in(&server);
    for _ in 0..3 {
        let ran = cli.run(&["auth", "token", "--min-ttl", "10h"]).await.good();
        assert_eq!(ran.out, "access\n");
        assert!(ran.err.starts_with("! The access token expires in "), "{ran:#?}");
    }
    assert!(server.asked("/oauth/token").is_empty());
    cli.edit(|document| {
        let session = &mut document["profiles"]["default"];
        session["received_at"] = json!(now() - TimeDelta::minutes(40));
        session["access_expires_at"] = json!(now() + TimeDelta::minutes(20));
    });
    for _ in 0..3 {
        assert_eq!(cli.run(&["auth", "token", "--min-ttl", "10h"]).await.good().out, "newer\n");
    }
    assert_eq!(server.asked("/oauth/token").len(), 1);
}

#[tokio::test]
async fn ch_19_a_credential_of_an_unknown_kind_is_not_overwritten() {
    let server = Scripted::start(|asked, _| match asked.path.as_str() {
        "/api/v1/whoami" => {
            let whoami = json!({ "data": {
                "kind": "api_key", "credential": { "id": "key_9" }, "subject": { "kind": "user", "id": "usr_1" },
            }});
            Some((200, whoami))
        }
        _ => Some((404, json!({}))),
    });
    let cli = Cli::at(&server.url());
    store(&cli, &json!({ "version": 1, "profiles": { "default": { "kind": "passkey", "x": 1 } } }));
    let before = fs::read(cli.credentials_file()).unwrap();
    for arguments in [
        &["auth", "login", "--force", "--token", KEY][..],
        &["auth", "login", "--browser", "--timeout", "2s"],
        &["auth", "login", "--start"],
        &["whoami"],
        &["auth", "token"],
    ] {
        let ran = cli.run(arguments).await;
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.err.contains("profile default has a credential of the kind `passkey`"), "{ran:#?}");
    }
    assert_ne!(cli.run(&["profile", "rename", "work", "default"]).await.exit, 0);
    assert_eq!(fs::read(cli.credentials_file()).unwrap(), before);
    cli.run(&["auth", "login", "--token", KEY, "-p", "other"]).await.good();
    assert_eq!(cli.stored("default"), json!({ "kind": "passkey", "x": 1 }));
}

#[tokio::test]
async fn ch_19_a_file_of_a_newer_version_is_an_error_and_stays() {
    let cli = Cli::at("http://127.0.0.1:9");
    store(&cli, &json!({ "version": 2, "profiles": {}, "new": true }));
    let before = fs::read(cli.credentials_file()).unwrap();
    for arguments in
        [&["auth", "status"][..], &["auth", "login", "--force", "--token", KEY], &["auth", "logout"]]
    {
        let ran = cli.run(arguments).await;
        assert_eq!(ran.exit, 2, "{ran:#?}");
        assert!(ran.err.contains("its format is version 2, which is newer than this program"), "{ran:#?}");
    }
    assert_eq!(fs::read(cli.credentials_file()).unwrap(), before);
    fs::remove_file(cli.credentials_file()).unwrap();
    fs::write(cli.folder().join("config.toml"), "version = 2\n").unwrap();
    let ran = cli.run(&["auth", "status"]).await.failed(1, "Cannot use ");
    assert!(ran.err.contains("Its format is version 2, which is newer than this program."), "{ran:#?}");
}

both_engines! {
    async fn ch_17_a_machine_keeps_its_name_in_the_list_of_sessions(app) {
        for name in ["ada's laptop", "工作站"] {
            let cli = app.cli();
            app.sign_cli_in(&cli, &app.owner().await, &["--name", name]).await;
            let sessions = cli.run(&["auth", "sessions", "--json"]).await.good().json();
            let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
            assert_eq!(current["device"]["name"], name);
            assert!(cli.run(&["auth", "sessions"]).await.good().out.contains(name));
        }
        let hostile = "lab\u{202e}\u{200b}\u{1b}[2J";
        let cli = app.cli();
        app.sign_cli_in(&cli, &app.owner().await, &["--name", hostile]).await;
        let sessions = cli.run(&["auth", "sessions", "--json"]).await.good().json();
        let names: Vec<_> = sessions.as_array().unwrap().iter().map(|session| session["device"]["name"].clone()).collect();
        assert!(names.contains(&json!("lab[2J")), "{names:?}");
    }
}
