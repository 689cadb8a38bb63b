//! Keys on the command line are checked and verified before they are stored.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use keystile_key_format::compose;
use serde_json::{Value, json};

use crate::support::both_engines;
use crate::support::cli::{Cli, Ran, companion};
use crate::support::scripted::{Reply, Scripted};

fn live() -> String {
    compose("keystile_live_", &[7; 32])
}

fn personal() -> String {
    compose("keystile_pat_", &[9; 32])
}

/// A server that accepts every key.
fn accepting() -> Scripted {
    judging(|| {
        let document = json!({ "data": {
            "kind": "api_key", "credential": { "id": "key_9" },
            "subject": { "kind": "service_account", "id": "sa_1", "name": "deploys" }, "scopes": ["org:read"],
        }});
        Some((200, document))
    })
}

fn judging(judge: fn() -> Reply) -> Scripted {
    Scripted::start(move |asked, _| match asked.path.as_str() {
        "/api/v1/whoami" => judge(),
        _ => Some((404, json!({}))),
    })
}

/// Runs a command with this on stdin.
async fn with_input(cli: &Cli, arguments: &[&str], input: &str) -> Ran {
    let file = cli.home().join("input");
    fs::File::create(&file).unwrap().write_all(input.as_bytes()).unwrap();
    let mut command = cli.command(arguments);
    command.stdin(Stdio::from(fs::File::open(&file).unwrap()));
    cli.start(command).ended().await
}

#[tokio::test]
async fn every_way_to_give_a_key_stores_it_verified() {
    let server = accepting();
    let (key, token) = (live(), personal());
    let flag = format!("--api-key={key}");
    for (arguments, given) in
        [(&[flag.as_str()][..], &key), (&["--api-key", &key], &key), (&["--token", &token], &token)]
    {
        let cli = Cli::at(&server.url());
        let line: Vec<_> = ["auth", "login"].iter().chain(arguments).copied().collect();
        let ran = cli.run(&line).await.good();
        assert!(ran.err.contains("stays in the shell history"), "{ran:#?}");
        assert!(ran.err.contains("✓ Signed in as deploys") && !ran.err.contains(given.as_str()), "{ran:#?}");
        assert_eq!(cli.stored("default")["api_key"], given.as_str());
        assert_eq!(cli.stored("default")["verified"], true);
        assert_eq!(cli.stored("default")["key_id"], "key_9");
    }
    for arguments in [&["--with-token"][..], &["--api-key", "-"]] {
        let cli = Cli::at(&server.url());
        let line: Vec<_> = ["auth", "login", "--json"].iter().chain(arguments).copied().collect();
        let ran = with_input(&cli, &line, &format!("  {key}\n\n")).await.good();
        assert_eq!(ran.json()["verified"], true);
        assert!(!ran.err.contains("history"), "{ran:#?}");
        assert_eq!(cli.stored("default")["api_key"], key.as_str());
        cli.run(&["whoami"]).await.good();
    }
}

#[tokio::test]
async fn an_invalid_key_is_reported_without_a_request() {
    let cli = Cli::at("http://127.0.0.1:9");
    let key = live();
    for (input, says) in [
        (format!("Bearer {key}"), "The value starts with \"Bearer \". Paste only the token, without quotes."),
        (format!("\"{key}\""), "The value is in quotes."),
        ("sk_live_0123456789abcdefghij".to_owned(), "The value has another prefix."),
        (format!("{}x", &key[..key.len() - 1]), "The checksum does not match"),
        (String::new(), "The value has another prefix."),
    ] {
        let ran = with_input(&cli, &["auth", "login", "--with-token"], &input).await;
        let ran = ran.failed(
            1,
            "That doesn't look like a keystile key\n  Expected a token starting with keystile_live_",
        );
        assert!(ran.err.contains(says), "{ran:#?}");
        assert!(!ran.err.contains(&key[14..40]), "{ran:#?}");
    }
    assert!(!cli.credentials_file().exists());
}

#[tokio::test]
async fn an_unreachable_server_loses_no_key() {
    let cli = Cli::at("http://127.0.0.1:9");
    let line = ["auth", "login", "--with-token", "--no-retry"];
    let ran = with_input(&cli, &line, &live()).await.good();
    assert!(
        ran.err.contains(
            "! Stored the key, but could not verify it (connection refused). Try `keystile auth status` \
            shortly."
        ),
        "{ran:#?}"
    );
    assert_eq!(cli.stored("default")["verified"], false);
    cli.edit(|document| document["profiles"]["default"]["verified"] = json!(true));
    let before = fs::read(cli.credentials_file()).unwrap();
    let ran = with_input(&cli, &line, &personal()).await;
    let ran = ran.failed(3, "The key could not be verified, so it was not stored\n  connection refused.");
    assert!(ran.err.contains("Profile default still uses keystile_live_…"), "{ran:#?}");
    assert_eq!(fs::read(cli.credentials_file()).unwrap(), before);
}

#[tokio::test]
async fn without_a_terminal_no_key_is_prompted_for() {
    let cli = Cli::at("http://127.0.0.1:9");
    let ran = cli
        .run(&["auth", "login", "--api-key"])
        .await
        .failed(1, "There is no terminal to prompt for the key");
    assert!(ran.err.contains("keystile auth login --with-token <FILE"), "{ran:#?}");
}

#[tokio::test]
async fn a_key_is_asked_for_without_showing_it() {
    let server = accepting();
    let cli = Cli::at(&server.url()).with("TERM", "xterm");
    let command = format!("{} auth login --api-key", companion());
    let mut script = cli.wrapped("script", &["-qec", &command, "/dev/null"]);
    script.stdin(Stdio::piped());
    let mut login = cli.start(script);
    login.on_terminal(|said| said.contains("Paste your key:").then_some(())).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    login.types(&format!("{}\n", live()));
    let ran = login.ended().await.good();
    assert!(ran.out.contains("********") && ran.out.contains("Signed in as deploys"), "{ran:#?}");
    assert!(!ran.out.contains(&live()), "{ran:#?}");
}

both_engines! {
    async fn cli_04_a_rejected_key_leaves_the_credentials_byte_identical(app) {
        let cli = app.cli();
        let line = ["auth", "login", "--with-token"];
        with_input(&cli, &line, &live()).await.failed(2, "The key was rejected (401), so it was not stored\n  Create a");
        assert!(!cli.credentials_file().exists());
        let cli = app.cli_of(&app.owner().await).await;
        let before = fs::read(cli.credentials_file()).unwrap();
        for force in [&[][..], &["--force"]] {
            let line: Vec<_> = line.iter().chain(force).copied().collect();
            let ran = with_input(&cli, &line, &live()).await;
            let ran = ran.failed(2, "The key was rejected (401), so it was not stored\n  Profile default still uses");
            assert!(!ran.err.contains(&live()), "{ran:#?}");
            assert_eq!(fs::read(cli.credentials_file()).unwrap(), before);
        }
        cli.run(&["whoami"]).await.good();
    }
}

#[tokio::test]
async fn ctrl_c_ends_the_verification_of_a_key_that_was_typed() {
    let server = judging(|| {
        std::thread::sleep(Duration::from_secs(120));
        None
    });
    let cli = Cli::at(&server.url());
    let mut login = cli.start(cli.terminal("auth login --api-key"));
    login.on_terminal(|said| said.contains("Paste your key:").then_some(())).await;
    login.types(&format!("{}\n", live()));
    let is_asked = async {
        while server.asked("/api/v1/whoami").is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), is_asked).await.expect("the key is verified");
    login.types("\u{3}");
    let ran = login.ended().await;
    assert_eq!(ran.exit, 130, "{ran:#?}");
    assert!(!cli.credentials_file().exists());
}

#[tokio::test]
async fn ch_09_a_key_that_is_stored_is_a_success_without_the_settings() {
    let server = accepting();
    let cli = Cli::at(&server.url()).with("KEYSTILE_CONFIG", "/proc/keystile/config.toml");
    let arguments = ["auth", "login", "--with-token", "--profile", "ci", "--issuer", &server.url()];
    let ran = with_input(&cli, &arguments, &live()).await.good();
    assert!(ran.err.starts_with("! Signed in. Could not write /proc/keystile/config.toml: "), "{ran:#?}");
    let remedy =
        "add `--profile ci` to each command. Once the file can be written, run `keystile profile use ci`.\n";
    assert!(ran.err.contains(remedy) && ran.err.contains("\n  Profile       ci\n"), "{ran:#?}");
    assert_eq!(cli.stored("ci")["api_key"], live());

    let arguments = ["auth", "login", "--with-token", "--profile", "cd", "--issuer", &server.url(), "--json"];
    let ran = with_input(&cli, &arguments, &live()).await.good();
    let warning: Value = serde_json::from_str(&ran.err).unwrap();
    let text = warning["warning"].as_str().unwrap();
    assert!(text.starts_with("Signed in. Could not write /proc/keystile/config.toml: "), "{ran:#?}");
    assert!(warning["remedy"].as_str().unwrap().contains("run `keystile profile use cd`."), "{ran:#?}");
}
