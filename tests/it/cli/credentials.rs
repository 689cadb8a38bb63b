//! Sources of credentials, and the files that store them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use rustix::process::geteuid;
use serde_json::Value;

use crate::support::both_engines;
use crate::support::cli::{Cli, Ran, companion};

/// A well-formed key that no server has issued.
const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs the tool as a user to whom permissions apply; they do not apply to an administrator with all capabilities.
async fn run_bound(cli: &Cli, arguments: &str) -> Ran {
    let without = if geteuid().is_root() { "setpriv --bounding-set=-all" } else { "" };
    let line = format!("exec {without} {} {arguments}", companion());
    cli.start(cli.wrapped("sh", &["-c", &line])).ended().await
}

both_engines! {
    async fn the_flag_beats_the_variable_and_the_variable_beats_the_file(app) {
        let owner = app.owner().await;
        let cli = app.cli_of(&owner).await;
        let before = fs::read(cli.credentials_file()).unwrap();
        let with_variable = |name: &str, arguments: &[&str]| {
            let mut command = cli.command(arguments);
            command.env(name, KEY);
            cli.start(command)
        };
        for name in ["KEYSTILE_API_KEY", "KEYSTILE_API_TOKEN"] {
            let ran = with_variable(name, &["whoami"]).ended().await.failed(2, "The credential was rejected (401)\n");
            assert!(ran.err.contains(&format!("from {name}")), "{ran:#?}");
            let flag = with_variable(name, &["whoami", "--api-key", KEY]).ended().await;
            assert!(flag.failed(2, "The credential was rejected (401)\n").err.contains("from --api-key"));
            let named = with_variable(name, &["auth", "status", "--profile", "default"]).ended().await.good();
            assert!(named.err.contains(&format!("! {name} is set and would be used instead")), "{named:#?}");
        }
        assert!(with_variable("KEYSTILE_API_KEY", &["whoami", "--api-key", ""]).ended().await.exit == 2);
        let mut empty = cli.command(&["whoami"]);
        empty.env("KEYSTILE_API_KEY", "");
        cli.start(empty).ended().await.good();
        assert_eq!(fs::read(cli.credentials_file()).unwrap(), before, "a rejected key changes no stored credential");
    }

    async fn a_refresh_touches_neither_the_variable_nor_the_flag(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let before = fs::read(cli.credentials_file()).unwrap();
        cli.run(&["auth", "refresh", "--api-key", KEY]).await.failed(1, "There is nothing to refresh\n");
        let mut command = cli.command(&["auth", "refresh"]);
        command.env("KEYSTILE_API_KEY", KEY);
        cli.start(command).ended().await.failed(1, "There is nothing to refresh\n");
        assert_eq!(fs::read(cli.credentials_file()).unwrap(), before);
    }

    async fn files_are_private_whatever_the_umask_and_the_home(app) {
        let cli = app.cli();
        chmod(cli.home(), 0o777);
        let command = format!("umask 000; exec {} auth login --browser", companion());
        let login = cli.start(cli.wrapped("sh", &["-c", &command]));
        let browser = app.browser_of(&app.owner().await).await;
        let back = app.answer(&browser, &login.link().await, "authorize").await;
        crate::support::cli::visit(&back.url).await;
        login.ended().await.good();
        let refresh = format!("umask 000; exec {} auth refresh", companion());
        cli.start(cli.wrapped("sh", &["-c", &refresh])).ended().await.good();
        let folder = cli.folder();
        assert_eq!((mode(&folder), mode(&folder.join("locks"))), (0o700, 0o700));
        let files = [cli.credentials_file(), folder.join("locks/default.lock")];
        for file in &files {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "no temporary file is left: {names:?}");
    }

    async fn a_readable_file_is_tightened_and_a_writable_one_refused(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let file = cli.credentials_file();
        chmod(&file, 0o644);
        let ran = cli.run(&["whoami"]).await.good();
        assert!(ran.err.contains("is readable by others (0644). Fixed to 0600."), "{ran:#?}");
        assert_eq!(mode(&file), 0o600);
        chmod(&file, 0o666);
        let before = fs::read(&file).unwrap();
        let ran = cli.run(&["whoami"]).await.failed(2, &format!("Cannot read {}", file.display()));
        assert!(ran.err.contains("chmod 600"), "{ran:#?}");
        assert_eq!(fs::read(&file).unwrap(), before);
    }

    async fn a_file_of_another_user_is_reported_and_left_alone(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let file = cli.credentials_file();
        let before = fs::read(&file).unwrap();
        // Only an administrator can change the owner, and only other users can be denied access.
        if chown(&file, Some(65534), None).is_err() {
            chmod(&file, 0o000);
        }
        let headline = format!("Cannot read {}", file.display());
        for command in [&["whoami"][..], &["auth", "token"], &["auth", "logout"], &["auth", "login", "--browser"]] {
            let ran = cli.run(command).await.failed(2, &headline);
            assert!(ran.err.contains("chown") || ran.err.contains("chmod"), "{ran:#?}");
        }
        chmod(&file, 0o600);
        assert_eq!(fs::read(&file).unwrap(), before);
    }

    async fn a_read_only_folder_is_reported_before_the_sign_in_and_loses_nothing(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let (folder, before) = (cli.folder(), fs::read(cli.credentials_file()).unwrap());
        chmod(&folder, 0o500);
        // Commands that need no change still work.
        run_bound(&cli, "whoami").await.good();
        let headline = format!("Could not write {}\n  Permission denied", cli.credentials_file().display());
        run_bound(&cli, "auth login --browser").await.failed(2, &headline);
        assert_eq!(app.count("authorization_requests").await, 1, "the person was not asked a second time");
        cli.let_expire();
        run_bound(&cli, "whoami").await.failed(2, &headline);
        chmod(&folder, 0o700);
        let after: Value = serde_json::from_slice(&fs::read(cli.credentials_file()).unwrap()).unwrap();
        let before: Value = serde_json::from_slice(&before).unwrap();
        let tokens = |document: &Value| document["profiles"]["default"]["refresh_token"].clone();
        assert_eq!(tokens(&after), tokens(&before));
        run_bound(&cli, "whoami").await.good();
    }

    async fn a_damaged_file_is_named_kept_and_replaced_by_a_sign_in(app) {
        let owner = app.owner().await;
        let cli = app.cli_of(&owner).await;
        let damaged = "{\n  \"version\": 1,\n  oops";
        fs::write(cli.credentials_file(), damaged).unwrap();
        let headline = format!("{} is not valid JSON (line 3, column 3)\n", cli.credentials_file().display());
        cli.run(&["whoami"]).await.failed(2, &headline);
        cli.run(&["auth", "refresh"]).await.failed(2, &headline);
        assert_eq!(fs::read_to_string(cli.credentials_file()).unwrap(), damaged);
        app.sign_cli_in(&cli, &owner, &[]).await;
        cli.run(&["whoami"]).await.good();
        let names = fs::read_dir(cli.folder()).unwrap().map(|entry| entry.unwrap().path());
        let kept: Vec<_> = names.filter(|path| path.to_string_lossy().contains(".corrupt-")).collect();
        assert_eq!(fs::read_to_string(&kept[0]).unwrap(), damaged);
        assert_eq!(mode(&kept[0]), 0o600);
    }

    async fn an_invalid_key_is_refused_without_a_request(app) {
        let relay = crate::support::relay::Relay::start();
        let cli = Cli::at(&relay.url());
        for (value, hint) in [
            ("Bearer keystile_live_0123456789abcdefghij", "starts with \"Bearer \""),
            ("'keystile_live_0123456789abcdefghij'", "is in quotes"),
            ("keystile_live_short", "is too short"),
            ("somebody_elses_0123456789abcdefghij", "has another prefix"),
        ] {
            let mut command = cli.command(&["whoami"]);
            command.env("KEYSTILE_API_KEY", value);
            let ran = cli.start(command).ended().await.failed(1, "That doesn't look like a keystile key\n");
            assert!(ran.err.contains(hint) && ran.err.contains("(from KEYSTILE_API_KEY)"), "{ran:#?}");
        }
        assert_eq!(relay.callers(), 0);
        // Only the tool is tested; the server was never called.
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn unknown_fields_of_the_file_survive_a_refresh(app) {
        let cli = app.cli_of(&app.owner().await).await;
        cli.edit(|document| {
            document["later"] = Value::from("kept");
            document["profiles"]["default"]["color"] = Value::from("blue");
        });
        cli.run(&["auth", "refresh"]).await.good();
        assert_eq!(cli.stored("default")["color"], "blue");
        assert!(fs::read_to_string(cli.credentials_file()).unwrap().contains("\"later\""));
    }

    async fn signing_out_with_the_server_down_says_so_and_ends_well(app) {
        let cli = app.cli_of(&app.owner().await).await;
        // No one listens there.
        cli.edit(|document| document["profiles"]["default"]["issuer"] = Value::from("http://127.0.0.1:9"));
        let mut command = cli.command(&["auth", "logout", "--no-retry"]);
        command.env_remove("KEYSTILE_ISSUER");
        let ran = cli.start(command).ended().await.good();
        let expected = "! Signed out of profile default on this machine only: could not reach 127.0.0.1:9 to revoke \
            the session.\n  It stays valid until ";
        assert!(ran.err.starts_with(expected), "{ran:#?}");
        assert!(ran.err.contains("Revoke it at http://127.0.0.1:9/cli-sessions"), "{ran:#?}");
        assert!(cli.stored("default").is_null());
    }
}

#[tokio::test]
async fn a_key_that_a_person_wrote_into_the_file_is_read() {
    let relay = crate::support::relay::Relay::start();
    let cli = Cli::at(&relay.url());
    fs::create_dir(cli.folder()).unwrap();
    fs::write(cli.credentials_file(), format!("{{\"api_key\":\"{KEY}\"}}")).unwrap();
    chmod(&cli.credentials_file(), 0o600);
    assert_eq!(cli.run(&["auth", "token"]).await.good().out, format!("{KEY}\n"));
}
