//! Files that cannot be written, and files that are none.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::both_engines;
use crate::support::cli::{Cli, visit};

/// No folder can be made there, not even by an administrator.
const NOWHERE: &str = "/proc/keystile/config.toml";

fn mkfifo(path: &std::path::Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn ch_07_what_is_no_file_is_an_error_at_once() {
    let started = Instant::now();
    let cli = Cli::at("http://127.0.0.1:9");
    fs::create_dir(cli.folder()).unwrap();
    let (credentials, config) = (cli.credentials_file(), cli.folder().join("config.toml"));
    let refused = format!("Cannot read {}: it is ", credentials.display());
    mkfifo(&credentials);
    for arguments in
        [&["whoami"][..], &["auth", "token"], &["auth", "logout"], &["auth", "login", "--browser"]]
    {
        let ran =
            cli.run(arguments).await.failed(2, &format!("{refused}a FIFO, and has to be a regular file\n"));
        assert!(ran.err.contains("Move ~/.keystile/credentials.json away and sign in again."), "{ran:#?}");
    }
    fs::remove_file(&credentials).unwrap();
    fs::create_dir(&credentials).unwrap();
    cli.run(&["whoami"]).await.failed(2, &format!("{refused}a directory, "));
    fs::remove_dir(&credentials).unwrap();
    symlink("/dev/zero", &credentials).unwrap();
    cli.run(&["whoami"]).await.failed(2, "Cannot read /dev/zero: it is a device, ");
    fs::remove_file(&credentials).unwrap();

    let refused = format!("Cannot use {}\n  it is ", config.display());
    mkfifo(&config);
    for arguments in [&["whoami"][..], &["config", "show"], &["config", "set", "org", "x"]] {
        cli.run(arguments).await.failed(1, &format!("{refused}a FIFO, "));
    }
    fs::remove_file(&config).unwrap();
    symlink("/dev/zero", &config).unwrap();
    cli.run(&["whoami"]).await.failed(1, &format!("{refused}a device, "));
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn ch_08_settings_behind_a_link_are_changed_at_their_target() {
    let cli = Cli::at("http://127.0.0.1:9");
    let (link, target) = (cli.folder().join("config.toml"), cli.home().join("dotfiles/keystile.toml"));
    fs::create_dir(cli.folder()).unwrap();
    fs::create_dir(target.parent().unwrap()).unwrap();
    symlink("../dotfiles/keystile.toml", &link).unwrap();
    for org in ["first", "other"] {
        cli.run(&["config", "set", "org", org]).await.good();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&target).unwrap().contains(org));
    }
    assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
}

both_engines! {
    async fn ch_09_a_session_that_is_stored_is_a_success_without_the_settings(app) {
        let cli = app.cli().with("KEYSTILE_CONFIG", NOWHERE);
        let login = cli.login(&["--issuer", app.issuer()]);
        let browser = app.browser_of(&app.owner().await).await;
        let back = app.answer(&browser, &login.link().await, "authorize").await;
        assert!(visit(&back.url).await.location().contains("/done"), "the browser says so too");
        let ran = login.ended().await.good();
        let warning = format!("! Signed in. Could not write {NOWHERE}: ");
        let command = format!("run `keystile config set profiles.default.issuer {}`.\n", app.issuer());
        assert!(ran.err.contains(&warning) && ran.err.contains(&command), "{ran:#?}");
        assert!(ran.err.contains("✓ Signed in as "), "{ran:#?}");
        cli.run(&["whoami"]).await.good();
        assert_eq!(app.count("credentials").await, 1);

        // What can still be refused is refused before anything is lost.
        let headline = format!("Could not write {NOWHERE}\n");
        for arguments in [&["profile", "delete", "default"][..], &["profile", "rename", "default", "work"]] {
            cli.run(arguments).await.failed(1, &headline);
            cli.run(&["whoami"]).await.good();
        }
    }

    async fn ch_09_an_invalid_variable_ends_a_sign_in_before_there_are_tokens(app) {
        let cli = app.cli().with("KEYSTILE_API_BASE", "nowhere");
        cli.run(&["auth", "login", "--browser"]).await.failed(1, "KEYSTILE_API_BASE is invalid");
        assert_eq!(app.count("authorization_requests").await, 0);
    }

    async fn ch_09_a_session_that_is_revoked_is_said_to_be_though_its_tokens_cannot_be_removed(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let full = r#"
            cp -a "$1" "$1.copy"
            mount -t tmpfs -o size=64k,mode=0700 none "$1"
            cp -a "$1.copy/." "$1"
            dd if=/dev/zero of="$1/filler" bs=1k 2>/dev/null || true
        "#;
        let ran = cli.start(cli.mounted(full, &["auth", "logout"])).ended().await.failed(2, "Could not write ");
        assert!(ran.err.contains("The session of profile default is revoked; only its tokens, "), "{ran:#?}");
        let session = cli.stored("default")["session_id"].as_str().unwrap().to_owned();
        assert!(app.stored(&session).await.revoked_at.is_some());
        let document: Value = cli.run(&["auth", "logout", "--json"]).await.good().json();
        assert_eq!(document["signed_out"][0]["profile"], "default");
    }
}
