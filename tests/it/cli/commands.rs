//! Output and exit codes of all commands.

use serde_json::Value;

use crate::support::both_engines;
use crate::support::cli::{Cli, Ran, companion};

both_engines! {
    async fn a_signed_in_person_sees_who_they_are(app) {
        let owner = app.owner().await;
        let cli = app.cli_of(&owner).await;
        let host = app.issuer().trim_start_matches("http://");
        let session = cli.stored("default")["session_id"].as_str().unwrap().to_owned();
        let status = cli.run(&["auth", "status"]).await.good();
        for said in [
            format!("✓ Signed in to {host} as {}", owner.email),
            "  Profile       default (active)".to_owned(),
            format!("  Organization  {} ({})", owner.organization.name, owner.organization.id),
            format!("  Method        browser sign-in, CLI session {session}"),
            "  Source        ~/.keystile/credentials.json".to_owned(),
        ] {
            assert!(status.out.lines().any(|line| line == said), "{said}: {status:#?}");
        }
        assert!(status.out.contains("refreshes automatically"), "{status:#?}");
        let json = cli.run(&["auth", "status", "--json"]).await.good().json();
        assert_eq!((&json["authenticated"], &json["verified"]), (&Value::Bool(true), &Value::Bool(true)));
        assert_eq!((json["method"].as_str(), json["source"].as_str()), (Some("oauth"), Some("file")));
        assert_eq!(json["credential"], session.as_str());
        let whoami = cli.run(&["whoami"]).await.good();
        assert!(whoami.out.starts_with(&format!("{}\n", owner.email)), "{whoami:#?}");
    }

    async fn the_token_is_printed_in_every_form_and_the_api_takes_it(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let print = async |format: &str| cli.run(&["auth", "token", "--format", format]).await.good().out;
        let raw = print("raw").await;
        let token = raw.trim_end();
        assert_eq!(app.whoami(token).await.status, 200);
        assert_eq!(print("header").await, format!("Authorization: Bearer {token}\n"));
        assert_eq!(print("env").await, format!("export KEYSTILE_ACCESS_TOKEN='{token}'\n"));
        let json: Value = serde_json::from_str(&print("json").await).unwrap();
        assert_eq!((json["token"].as_str(), json["token_type"].as_str()), (Some(token), Some("Bearer")));
        assert_eq!(json["api_base"], app.issuer());
        assert!(json["expires_at"].is_string());
    }

    async fn with_json_both_streams_can_be_parsed_whatever_happens(app) {
        let cli = app.cli_of(&app.owner().await).await;
        for command in [
            &["auth", "status"][..],
            &["auth", "whoami"],
            &["auth", "token"],
            &["auth", "refresh"],
            &["api", "GET", "/api/v1/whoami"],
            &["config", "show"],
            &["config", "path"],
            &["config", "set", "org", "northwind-labs"],
            &["config", "get", "org"],
            &["config", "unset", "org"],
            &["auth", "status", "--all"],
            &["auth", "sessions"],
            &["auth", "doctor"],
            &["auth", "switch", "default"],
            &["profile", "list"],
            &["profile", "create", "work"],
            &["profile", "rename", "work", "job"],
            &["profile", "delete", "job"],
            &["org", "list"],
            &["org", "current"],
            &["auth", "logout"],
            &["auth", "logout"],
        ] {
            let ran = cli.run(&[command, &["--json"]].concat()).await.good();
            ran.json();
            assert_eq!(ran.err, "", "{command:?}");
        }
        for (command, exit) in [
            (&["auth", "login"][..], 2),
            (&["auth", "status"], 2),
            (&["auth", "whoami"], 2),
            (&["auth", "token"], 2),
            (&["auth", "refresh"], 2),
            (&["auth", "sessions"], 2),
            (&["auth", "switch"], 1),
            (&["profile", "use", "nobody"], 5),
            (&["org", "current"], 2),
            (&["org", "switch", "elsewhere"], 2),
            (&["api", "GET", "/api/v1/whoami"], 2),
            (&["auth", "login", "--browser", "--timeout", "1s"], 2),
            (&["api", "FETCH", "/"], 1),
            (&["config", "get", "org"], 5),
            (&["config", "set", "color", "blue"], 1),
            (&["auth", "nonsense"], 1),
            (&["auth", "status", "--jsn"], 1),
        ] {
            let ran = cli.run(&[command, &["--json"]].concat()).await;
            assert_eq!(ran.exit, exit, "{ran:#?}");
            let error = ran.error();
            assert_eq!(error["exit_code"], exit, "{ran:#?}");
            for name in ["type", "code", "message"] {
                assert!(error[name].is_string(), "{name}: {ran:#?}");
            }
            assert!(ran.out.is_empty() || ran.json().is_object());
        }
    }

    async fn debug_lines_and_data_keep_to_their_streams(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let ran = cli.run(&["-v", "auth", "whoami", "--json"]).await.good();
        assert!(ran.json()["subject"].is_object());
        assert!(ran.err.lines().all(|line| line.starts_with("[debug] ")), "{ran:#?}");
        assert!(ran.err.contains("[debug] GET /api/v1/whoami → 200 ("), "{ran:#?}");
    }

    async fn a_raw_call_prints_the_response_of_the_server(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let sessions = cli.run(&["api", "GET", "/api/v1/sessions"]).await.good().json();
        assert_eq!(sessions["data"][0]["current"], true);
        let missing = cli.run(&["api", "GET", "/api/v1/nothing"]).await.failed(5, "Not found\n");
        assert_eq!(missing.json()["error"]["code"], "not_found");
    }

    async fn cg_12_on_a_terminal_a_raw_call_is_indented(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let shown = cli.start(cli.terminal("api GET /api/v1/whoami")).ended().await.good().out.replace('\r', "");
        assert!(shown.starts_with("{\n  \"data\": {\n    \""), "{shown}");
        let piped = cli.run(&["api", "GET", "/api/v1/whoami"]).await.good().out;
        assert_eq!(piped.lines().count(), 1, "{piped}");
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(json(&shown)["data"]["subject"], json(&piped)["data"]["subject"]);
    }

    async fn an_ended_session_is_not_reported_as_a_broken_server(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let session = cli.stored("default")["session_id"].as_str().unwrap().to_owned();
        let other = app.cli_of(&app.owner().await).await;
        other.run(&["api", "POST", &format!("/api/v1/sessions/{session}/revoke")]).await.good();
        let gone = "Session refresh failed (401)\n  Re-run `keystile auth login --browser` to get fresh credentials.";
        cli.run(&["whoami"]).await.failed(2, gone);
        assert_eq!(cli.stored("default")["state"], "needs_login");
        assert!(cli.stored("default")["refresh_token"].is_string(), "the stale tokens are kept");
        cli.run(&["auth", "token"]).await.failed(2, gone);
        let ran = cli.run(&["auth", "status", "--json"]).await;
        assert_eq!((ran.exit, ran.json()["authenticated"].as_bool()), (2, Some(false)));
        other.run(&["whoami"]).await.good();
        cli.run(&["auth", "logout"]).await.good();
        assert!(cli.stored("default").is_null());
    }

    async fn signing_out_ends_the_session_at_the_server_and_here(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let stored = cli.stored("default");
        let ran = cli.run(&["auth", "logout"]).await.good();
        let host = app.issuer().trim_start_matches("http://");
        assert_eq!(ran.err, format!(
            "✓ Signed out of profile default: session revoked at {host}, local credentials removed.\n"
        ));
        assert!(app.stored(stored["session_id"].as_str().unwrap()).await.revoked_at.is_some());
        assert_eq!(app.whoami(stored["access_token"].as_str().unwrap()).await.status, 401);
        cli.run(&["whoami"]).await.failed(2, "Not authenticated\n");
    }

    async fn a_token_never_goes_to_another_host(app) {
        let cli = app.cli_of(&app.owner().await).await;
        // The other host would answer, so a call would be seen.
        let elsewhere = crate::support::relay::Relay::start();
        let other = elsewhere.url();
        let base = ["--api-base", &other];
        for command in [
            &["api", "GET", "/api/v1/whoami"][..],
            &["whoami"],
            &["auth", "token"],
            &["auth", "status"],
            &["auth", "refresh"],
        ] {
            let ran = cli.run(&[command, &base].concat()).await;
            ran.failed(2, &format!("No credential for {}\n", other.trim_start_matches("http://")));
        }
        cli.run(&["api", "GET", &format!("{other}/api/v1/whoami")]).await.failed(2, "No credential for ");
        assert!(elsewhere.callers() == 0);
        cli.run(&["whoami"]).await.good();
    }

    async fn verbose_output_contains_no_secret(app) {
        let cli = app.cli();
        let signed_in = app.sign_cli_in(&cli, &app.owner().await, &["-vv"]).await;
        let mut ran = vec![signed_in];
        for command in [
            &["whoami"][..],
            &["auth", "status"],
            &["auth", "refresh"],
            &["api", "GET", "/api/v1/sessions"],
            &["api", "GET", "/api/v1/nothing"],
            &["auth", "logout"],
        ] {
            let before = cli.stored("default");
            ran.push(cli.run(&[command, &["-vv"]].concat()).await);
            let after = cli.stored("default");
            for secret in [&before, &after].into_iter().flat_map(|stored| [&stored["access_token"], &stored["refresh_token"]]) {
                if let Some(secret) = secret.as_str() {
                    let seen = |ran: &Ran| ran.out.contains(secret) || ran.err.contains(secret);
                    assert!(!ran.iter().any(seen), "{command:?}");
                }
            }
        }
        assert!(ran.iter().any(|ran| ran.err.contains("[debug] GET /api/v1/whoami → 200")), "{ran:#?}");
    }
}

#[tokio::test]
async fn a_typo_exits_with_1_and_suggests_the_command() {
    let cli = Cli::at("http://127.0.0.1:9");
    let hint = "Did you mean --json? Global flags work before or after the command.";
    cli.run(&["auth", "status", "--jsn"]).await.failed(1, &format!("unexpected argument '--jsn'\n  {hint}"));
    cli.run(&["auth", "logot"])
        .await
        .failed(1, "unrecognized subcommand 'logot'\n  Did you mean login or logout?");
    cli.run(&["sessions"]).await.failed(1, "unrecognized subcommand 'sessions'\n  Try --help.");
    assert!(cli.run(&["--help"]).await.good().out.contains("Usage: keystile"));
    assert_eq!(cli.run(&["--version"]).await.good().out, format!("keystile {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn a_closed_pipe_is_silent() {
    let cli = Cli::at("http://127.0.0.1:9");
    let command = format!("{} config path | true; exit ${{PIPESTATUS[0]}}", companion());
    // Whether the reader closes before the line is written is a race; both outcomes are fine.
    let ran = cli.start(cli.wrapped("bash", &["-c", &format!("trap '' PIPE; {command}")])).ended().await;
    assert!(matches!(ran.exit, 0 | 141), "{ran:#?}");
    assert_eq!(ran.err, "");
}

#[tokio::test]
async fn cg_12_a_command_without_its_subcommand_shows_its_help() {
    let cli = Cli::at("http://127.0.0.1:9");
    for command in [&[][..], &["auth"], &["key"], &["pat"], &["config"], &["credential-helper"]] {
        let ran = cli.run(command).await.good();
        let usage = ["Usage: keystile", &command.join(" ")].join(" ");
        assert!(ran.out.contains(usage.trim_end()) && ran.out.contains("Commands:"), "{ran:#?}");
        assert_eq!(ran.err, "");
    }
    let ran = cli.run(&["--json"]).await;
    assert_eq!((ran.exit, &ran.error()["message"]), (1, &Value::from("a command is missing")));
}
