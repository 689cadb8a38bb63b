//! A machine without `HOME`, and variables that are not UTF-8.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use keystile::testing::{TestResponse, TestServer};
use serde_json::json;

use crate::support::cli::{Cli, companion};

/// A well-formed key that no server has issued.
const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";

#[tokio::test]
async fn ch_14_a_key_of_the_environment_needs_no_folder() {
    let server = TestServer::start(|_| TestResponse::json(&json!({ "ok": true })));
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY);
    let cli = cli.with("KEYSTILE_API_BASE", &server.url(""));
    // A user whom the user database does not know has no home folder there.
    let line = format!("exec unshare --user --map-user=61234 {}", companion());
    let unknown = |arguments: &str| {
        let mut command = cli.wrapped("sh", &["-c", &format!("{line} {arguments}")]);
        command.env_remove("HOME");
        cli.start(command)
    };
    assert_eq!(unknown("api /v1/things").ended().await.good().json()["ok"], true);
    assert_eq!(unknown("auth token").ended().await.good().out, format!("{KEY}\n"));
    let missing =
        "Cannot determine the directory of your files: HOME is not set\n  Set HOME or KEYSTILE_HOME";
    for arguments in
        ["auth login --browser", "config path", "config path --credentials", "profile create work"]
    {
        let ran = unknown(arguments).ended().await;
        assert_eq!(ran.exit, 1, "{ran:#?}");
        assert!(ran.err.contains(missing), "{ran:#?}");
    }
    let mut doctor = cli.wrapped("sh", &["-c", &format!("{line} auth doctor")]);
    doctor.env_remove("HOME");
    let ran = cli.start(doctor).ended().await;
    assert!(ran.out.contains("✗ folder"), "{ran:#?}");
}

#[tokio::test]
async fn ch_14_without_home_it_is_that_of_the_user_database() {
    let cli = Cli::at("http://127.0.0.1:9");
    let home = cli.wrapped("sh", &["-c", "getent passwd $(id -u) | cut -d: -f6"]);
    let home = cli.start(home).ended().await.good().out.trim_end().to_owned();
    for command in ["env -u HOME", "env HOME="] {
        let line = format!("exec {command} {} config path", companion());
        let ran = cli.start(cli.wrapped("sh", &["-c", &line])).ended().await.good();
        assert_eq!(ran.out, format!("{home}/.keystile/config.toml\n"), "{command}");
    }
}

#[tokio::test]
async fn ch_14_a_variable_that_is_not_utf_8_is_an_error_that_names_it() {
    let cli = Cli::at("http://127.0.0.1:9");
    for name in ["KEYSTILE_API_KEY", "KEYSTILE_PROFILE", "HOME", "SSL_CERT_FILE", "HTTPS_PROXY"] {
        for arguments in [&["whoami"][..], &["config", "path"]] {
            let mut command = cli.command(arguments);
            command.env(name, OsStr::from_bytes(b"/tmp/\xff"));
            let ran = cli.start(command).ended().await;
            ran.failed(1, &format!("The variable {name} is not UTF-8\n"));
        }
    }
    let mut command = cli.command(&["config", "path"]);
    command.env("LS_COLORS", OsStr::from_bytes(b"\xff"));
    cli.start(command).ended().await.good();
}
