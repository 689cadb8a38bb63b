//! `auth doctor`: names problems, and fixes those where nothing can be lost.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::both_engines;
use crate::support::cli::Cli;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn verdict(document: &Value, name: &str) -> String {
    let checks = document["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name);
    check.unwrap_or_else(|| panic!("no check {name}: {document}"))["verdict"].as_str().unwrap().to_owned()
}

both_engines! {
    async fn cg_09_a_server_at_another_address_says_which(app) {
        let own = app.issuer();
        let wrong = own.replace("127.0.0.1", "localhost");
        let cli = Cli::at(&wrong);
        let line = format!("{wrong} is not the address of this server\n  It is reached at {own}. Run `keystile auth login --issuer {own}`.");
        cli.run(&["auth", "login", "--browser"]).await.failed(3, &line);
        let ran = cli.run(&["auth", "doctor"]).await;
        assert!(ran.out.contains(&format!("It is reached at {own}.")), "{ran:#?}");
        let error = cli.run(&["auth", "login", "--browser", "--json"]).await.error();
        assert_eq!((&error["code"], &error["exit_code"]), (&json!("wrong_address"), &json!(3)));
    }

    async fn the_doctor_finds_a_signed_in_tool_well(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let document = cli.run(&["auth", "doctor", "--json"]).await.good().json();
        for name in ["settings", "folder", "credentials", "lock", "loopback", "dns", "server", "clock", "sign-in"] {
            assert_eq!(verdict(&document, name), "good", "{document}");
        }
        let ran = cli.run(&["auth", "doctor"]).await.good();
        assert!(ran.out.lines().any(|line| line.starts_with("✓ sign-in")), "{ran:#?}");
    }

    async fn the_doctor_fixes_only_what_loses_nothing(app) {
        let cli = app.cli_of(&app.owner().await).await;
        let (folder, file) = (cli.folder(), cli.credentials_file());
        chmod(&folder, 0o777);
        chmod(&file, 0o666);
        fs::write(folder.join(".credentials.json.left"), "{").unwrap();
        let ill = cli.run(&["auth", "doctor", "--json"]).await;
        assert_eq!(ill.exit, 2, "{ill:#?}");
        let document = ill.json();
        for (name, expected) in [("folder", "failed"), ("credentials", "failed"), ("leftovers", "attention")] {
            assert_eq!(verdict(&document, name), expected, "{document}");
        }
        assert_eq!((mode(&folder), mode(&file)), (0o777, 0o666), "a check changes nothing");
        let document = cli.run(&["auth", "doctor", "--fix", "--json"]).await.good().json();
        for name in ["folder", "credentials", "leftovers"] {
            assert_eq!(verdict(&document, name), "mended", "{document}");
        }
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        assert!(!folder.join(".credentials.json.left").exists());
        cli.run(&["whoami"]).await.good();
    }

    async fn the_doctor_keeps_a_damaged_file(app) {
        let cli = app.cli_of(&app.owner().await).await;
        fs::write(cli.credentials_file(), "oops").unwrap();
        assert_eq!(cli.run(&["auth", "doctor"]).await.exit, 2);
        assert_eq!(fs::read_to_string(cli.credentials_file()).unwrap(), "oops");
        cli.run(&["auth", "doctor", "--fix"]).await.good();
        let mut names = fs::read_dir(cli.folder()).unwrap().map(|entry| entry.unwrap().path());
        let kept = names.find(|path| path.to_string_lossy().contains(".corrupt-")).unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), "oops");
    }
}

#[tokio::test]
async fn the_doctor_says_why_a_server_cannot_be_reached() {
    let cli = Cli::at("http://127.0.0.1:9");
    let ran = cli.run(&["auth", "doctor", "--no-retry"]).await;
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(ran.out.contains("Cannot reach 127.0.0.1:9"), "{ran:#?}");
    assert!(ran.err.starts_with("✗ A check failed: server\n"), "{ran:#?}");
    assert!(!cli.folder().exists(), "a check creates no files");
}

#[tokio::test]
async fn cg_09_the_doctor_does_not_advise_itself() {
    let cli = Cli::at("http://127.0.0.1:9");
    for command in [&["auth", "doctor", "--no-retry"][..], &["auth", "doctor", "--no-retry", "--json"]] {
        let ran = cli.run(command).await;
        assert_eq!(ran.exit, 3, "{ran:#?}");
        assert!(!ran.out.contains("auth doctor`") && !ran.err.contains("auth doctor`"), "{ran:#?}");
    }
    let other = cli.run(&["auth", "login", "--no-retry", "--browser"]).await;
    assert!(other.err.contains(" Run `keystile auth doctor`."), "every other command does: {other:#?}");
}
