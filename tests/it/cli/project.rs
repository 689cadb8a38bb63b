//! `.keystile.toml` in a project selects a profile, if its author may.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::geteuid;

use crate::support::both_engines;
use crate::support::cli::Cli;

/// A well-formed key that no server has issued.
const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";
const STRANGER: u32 = 65534;

/// The profile in use, and what selected it.
async fn selected(cli: &Cli, command: Command) -> (String, String) {
    let document = cli.start(command).ended().await.json();
    let text = |name: &str| document[name].as_str().unwrap().to_owned();
    (text("profile"), text("profile_selected_by"))
}

fn pair(profile: &str, by: &str) -> (String, String) {
    (profile.to_owned(), by.to_owned())
}

const STATUS: [&str; 4] = ["auth", "status", "--offline", "--json"];

both_engines! {
    async fn ch_07_whoever_selected_the_profile_is_named(app) {
        let cli = app.cli();
        app.sign_cli_in(&cli, &app.owner().await, &["--profile", "work"]).await;
        cli.run(&["profile", "create", "other"]).await.good();
        let file = cli.home().join(".keystile.toml");
        fs::write(&file, "profile = \"work\"").unwrap();
        let by = file.display();
        let status = cli.run(&["auth", "status", "-v"]).await.good();
        assert!(status.out.contains(&format!("  Profile       work (active), selected by {by}\n")), "{status:#?}");
        assert!(status.err.contains(&format!("[debug] profile work, selected by {by}\n")), "{status:#?}");
        assert_eq!(selected(&cli, cli.command(&STATUS)).await, pair("work", &by.to_string()));

        let mut named = cli.command(&["auth", "status"]);
        named.env("KEYSTILE_PROFILE", "work");
        let status = cli.start(named).ended().await.good();
        assert!(status.out.contains("work (active), selected by KEYSTILE_PROFILE\n"), "{status:#?}");

        cli.edit(|document| {
            let server = app.issuer();
            document["profiles"]["work"] =
                serde_json::json!({ "kind": "api_key", "api_key": KEY, "issuer": server, "api_base": server });
        });
        let rejected = cli.run(&["whoami"]).await.failed(2, "The credential was rejected (401)\n");
        let source = format!("of profile work ({}), selected by {by}", cli.credentials_file().display());
        assert!(rejected.err.contains(&source), "{rejected:#?}");
        fs::write(&file, "profile = \"other\"").unwrap();
        let absent = cli.run(&["whoami"]).await;
        assert!(absent.err.starts_with(&format!("! Profile other is selected by {by}\n✗ Not auth")), "{absent:#?}");
    }
}

#[tokio::test]
async fn ch_07_a_project_file_that_cannot_be_used_is_an_error_at_once() {
    let started = Instant::now();
    let cli = Cli::at("http://127.0.0.1:9");
    let file = cli.home().join(".keystile.toml");
    let headline = format!("Cannot use {}\n  ", file.display());
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    cli.run(&["whoami"]).await.failed(1, &format!("{headline}it is a FIFO, "));
    fs::remove_file(&file).unwrap();
    symlink("/dev/zero", &file).unwrap();
    cli.run(&["whoami"]).await.failed(1, &format!("{headline}it is a device, "));
    fs::remove_file(&file).unwrap();
    for (text, message) in [
        ("profile = ".to_owned(), ""),
        ("profile = \"../x\"".to_owned(), "`../x` cannot name a profile"),
        ("#".repeat(64 * 1024 + 1), "it has more than 64 KiB\n"),
    ] {
        fs::write(&file, text).unwrap();
        cli.run(&["whoami"]).await.failed(1, &format!("{headline}{message}"));
        // An explicit profile needs no project file.
        cli.run(&["whoami", "--profile", "default"]).await.failed(2, "Not authenticated\n");
    }
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn ch_07_the_search_ends_at_the_home_folder_and_at_the_file_system() {
    let cli = Cli::at("http://127.0.0.1:9");
    let (file, project) = (cli.home().join(".keystile.toml"), cli.home().join("home/project"));
    fs::create_dir_all(&project).unwrap();
    fs::write(&file, "profile = \"above\"").unwrap();
    let mut below = cli.command(&STATUS);
    below.current_dir(&project);
    assert_eq!(selected(&cli, below).await, pair("above", &file.display().to_string()));
    let mut at_home = cli.command(&STATUS);
    at_home.current_dir(&project).env("HOME", cli.home().join("home"));
    assert_eq!(selected(&cli, at_home).await, pair("default", "the default"));
    let disk = r#"cd "$1/../home"; mount -t tmpfs none project; cd project"#;
    let mut mounted = cli.mounted(disk, &STATUS);
    mounted.env("HOME", "/nonexistent").env("KEYSTILE_HOME", cli.folder());
    fs::create_dir(cli.folder()).unwrap();
    assert_eq!(selected(&cli, mounted).await, pair("default", "the default"));
}

#[tokio::test]
async fn ch_07_a_project_file_of_another_user_is_ignored() {
    const NAME: &str = "cli::project::ch_07_a_project_file_of_another_user_is_ignored";
    // Only root can change the owner. Other users become root in a user namespace that maps further users.
    if !geteuid().is_root() {
        let mut again = Command::new("unshare");
        again.args(["--user", "--map-root-user", "--map-auto"]).arg(std::env::current_exe().unwrap());
        let ran = again.args(["--exact", NAME]).output().unwrap();
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(
            ran.status.success() && said.contains("1 passed"),
            "needs root, or newuidmap (package uidmap) and a line for this user in /etc/subuid: {said}"
        );
        return;
    }
    let cli = Cli::at("http://127.0.0.1:9");
    let (file, inner) = (cli.home().join(".keystile.toml"), cli.home().join("inner/.keystile.toml"));
    fs::create_dir(inner.parent().unwrap()).unwrap();
    fs::write(&file, "profile = \"mine\"").unwrap();
    let nearest = |arguments: &[&str]| {
        let mut command = cli.command(arguments);
        command.current_dir(inner.parent().unwrap());
        command
    };
    // A file, a FIFO, and a link of another user to a file of this one.
    fs::write(&inner, "this is no TOML").unwrap();
    chown(&inner, Some(STRANGER), None).unwrap();
    assert_eq!(selected(&cli, nearest(&STATUS)).await, pair("mine", &file.display().to_string()));
    let ran = cli.start(nearest(&["auth", "status", "-v"])).ended().await;
    let note = format!("[debug] ignored {}, of user {STRANGER}\n", inner.display());
    assert!(ran.err.contains(&note), "{ran:#?}");
    fs::remove_file(&inner).unwrap();
    assert!(Command::new("mkfifo").arg(&inner).status().unwrap().success());
    chown(&inner, Some(STRANGER), None).unwrap();
    assert_eq!(selected(&cli, nearest(&STATUS)).await, pair("mine", &file.display().to_string()));
    fs::remove_file(&inner).unwrap();
    fs::write(cli.home().join("other.toml"), "this is no TOML").unwrap();
    symlink("../other.toml", &inner).unwrap();
    std::os::unix::fs::lchown(&inner, Some(STRANGER), None).unwrap();
    assert_eq!(selected(&cli, nearest(&STATUS)).await, pair("mine", &file.display().to_string()));
}
