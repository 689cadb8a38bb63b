//! `init` and `serve` alone create a deployment, and never a second one.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::Subcommand as _;
use tempfile::TempDir;

use super::{Ran, keystiled, names};
use crate::support::app::{Builder, TestApp};
use crate::support::both_databases;
use crate::support::database::Database;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEY: &str = "HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo=";
const NO_DATABASE: &str = "no database there; which configuration does the server use?";
const PASSWORD: &str = "seven lanterns under the bridge";

/// Commands that make a deployment, or look only at its configuration, or are `migrate`.
const OTHERS: [&str; 3] = ["check-config", "init", "migrate"];

/// All commands that work on a deployment, except `migrate`.
const COMMANDS: [&[&str]; 33] = [
    &["client", "add", "--name", "Fred", "--kind", "native", "--redirect-uri", "http://127.0.0.1/callback"],
    &["client", "list"],
    &["client", "remove", "fred"],
    &["client", "update", "fred", "--name", "Orbit"],
    &["client", "rotate-secret", "fred"],
    &["client", "end-old-secret", "fred"],
    &["user", "list"],
    &["user", "show", "ada@example.com"],
    &["user", "disable", "ada@example.com"],
    &["user", "enable", "ada@example.com"],
    &["user", "role", "ada@example.com", "--org", "analytical", "admin"],
    &["user", "reset-link", "ada@example.com"],
    &["user", "erase", "ada@example.com", "--yes"],
    &["user", "sign-out", "ada@example.com"],
    &["user", "forget-devices", "ada@example.com"],
    &["org", "list"],
    &["org", "owner", "add", "analytical", "ada@example.com"],
    &["org", "disable", "analytical"],
    &["org", "restore", "analytical"],
    &["org", "rename", "analytical", "--name", "Engines"],
    &["org", "delete", "analytical", "--yes"],
    &["user", "add", "--email", "ada@example.com", "--org", "analytical"],
    &["org", "add", "--name", "Analytical", "--owner", "ada@example.com"],
    &["audit", "verify"],
    &["audit", "list"],
    &["audit", "export", "analytical"],
    &["restore", "accept", "--forward"],
    &["restore", "status"],
    &["restore", "close"],
    &["keys", "list"],
    &["keys", "revoke", "abc"],
    &["keys", "rotate"],
    &["keys", "rotate", "--now"],
];

/// Runs `keystiled init` with a password on stdin.
fn init(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let arguments = [&["init", "--email", "ada@example.com", "--password-stdin"], arguments].concat();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keystiled"))
        .args(&arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that rejects its arguments does not read it.
    let _ = child.stdin.take().unwrap().write_all(PASSWORD.as_bytes());
    Ran::of(child.wait_with_output().unwrap(), &arguments)
}

/// The signing keys: id, state and sealed private key.
async fn signing_keys(app: &TestApp) -> Vec<String> {
    app.names("SELECT kid || ' ' || state AS name FROM signing_keys ORDER BY kid").await
}

both_databases! {
    async fn ca_01_without_the_master_key_of_the_deployment_nothing_is_sealed_or_made(database) {
        let app = Builder::on(database).with("KEYSTILE_MASTER_KEY", KEY).start().await;
        let (before, url) = (signing_keys(&app).await, app.database().url());
        let home = TempDir::new().unwrap();
        let data = home.path().join("data");
        let base = [
            ("KEYSTILE_DATABASE_URL", url.as_str()),
            ("KEYSTILE_DATA_DIR", data.to_str().unwrap()),
            ("KEYSTILE_LISTEN", "127.0.0.1:0"),
        ];
        let with = |key| [&base[..], &[("KEYSTILE_MASTER_KEY", key)]].concat();
        let rotate: &[&str] = &["keys", "rotate", "--now"];
        keystiled(&base, rotate).refused(1, "no master key there");
        keystiled(&with(OTHER_KEY), rotate).refused(1, "KEYSTILE_MASTER_KEY: is not the master key that");
        assert_eq!(signing_keys(&app).await, before);
        // Commands that need no master key work without it.
        keystiled(&base, &["keys", "list"]).good();
        keystiled(&base, &["client", "list"]).good();
        assert!(names(home.path()).is_empty(), "nothing was created");

        keystiled(&with(KEY), rotate).good();
        assert_ne!(signing_keys(&app).await, before);
        let again = app.another_node();
        app.stop().await;
        keystiled(&base, &["serve"]).refused(1, "no master key there");
        keystiled(&with(OTHER_KEY), &["serve"]).refused(1, "KEYSTILE_MASTER_KEY: is not the master key that");
        assert!(names(home.path()).is_empty(), "nothing was created");
        again.start().await.stop().await;
    }

    async fn ca_01_a_next_key_that_no_node_could_open_never_gets_to_sign(database) {
        let app = Builder::on(database).with("KEYSTILE_MASTER_KEY", KEY).start().await;
        let spoiled = "UPDATE signing_keys SET private_sealed = (SELECT private_sealed FROM signing_keys \
            WHERE state = 'active') WHERE state = 'next'";
        app.execute(spoiled).await.unwrap();
        let (before, url) = (signing_keys(&app).await, app.database().url());
        let variables = [
            ("KEYSTILE_DATABASE_URL", url.as_str()),
            ("KEYSTILE_DATA_DIR", app.data_dir().to_str().unwrap()),
            ("KEYSTILE_MASTER_KEY", KEY),
        ];
        keystiled(&variables, &["keys", "rotate", "--now"]).refused(1, "is sealed with another master key");
        assert_eq!(signing_keys(&app).await, before);
        app.stop().await;
    }

    async fn ca_02_a_command_on_an_empty_place_refuses_and_makes_nothing(database) {
        let home = TempDir::new().unwrap();
        let url = database.url();
        let variables = [("HOME", home.path().to_str().unwrap()), ("KEYSTILE_DATABASE_URL", url.as_str())];
        for command in COMMANDS {
            keystiled(&variables, command).refused(1, NO_DATABASE);
        }
        init(&variables, &["--org", ""]).refused(1, "--org needs a name");
        assert!(names(home.path()).is_empty());
        if let Database::Sqlite(folder) = &database {
            keystiled(&variables, &["migrate"]).refused(1, NO_DATABASE);
            assert!(names(folder.path()).is_empty());
            // A file left by an interrupted copy is not a database, and is not made one.
            let file = folder.path().join("keystile.db");
            fs::write(&file, "").unwrap();
            for command in COMMANDS.iter().chain(&[&["migrate"][..]]) {
                keystiled(&variables, command).refused(1, NO_DATABASE);
            }
            assert_eq!(fs::metadata(file).unwrap().len(), 0);
        } else {
            // The tables of a PostgreSQL database may be created in advance, by a role with that privilege.
            assert!(keystiled(&variables, &["migrate"]).good().contains("applied 0"));
        }
    }

    async fn ca_02_no_new_database_is_created_for_an_existing_master_key(database) {
        let home = TempDir::new().unwrap();
        let data = home.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::write(data.join("master.key"), KEY).unwrap();
        let url = database.url();
        let variables = [
            ("KEYSTILE_DATABASE_URL", url.as_str()),
            ("KEYSTILE_DATA_DIR", data.to_str().unwrap()),
            ("KEYSTILE_LISTEN", "127.0.0.1:0"),
        ];
        init(&variables, &["--org", "Analytical"]).refused(1, "no database there, but ");
        for command in [&["migrate"][..], &["serve"]] {
            keystiled(&variables, command).refused(1, "no database there, but ");
        }
        assert_eq!(names(&data), ["master.key"]);
        // The master key in the environment says nothing about a database.
        let elsewhere = [&variables[..], &[("KEYSTILE_MASTER_KEY", KEY)]].concat();
        init(&elsewhere, &["--org", "Analytical"]).good();
    }

    async fn ca_02_init_begins_a_deployment_that_serve_and_the_commands_then_open(database) {
        let (home, url) = (TempDir::new().unwrap(), database.url());
        let variables = [("HOME", home.path().to_str().unwrap()), ("KEYSTILE_DATABASE_URL", url.as_str())];
        let said = init(&variables, &["--org", "Analytical"]).good();
        assert!(said.starts_with("ada@example.com owns Analytical (analytical), in "), "{said}");
        assert!(keystiled(&variables, &["audit", "verify"]).good().contains("Analytical"));
        keystiled(&variables, &["migrate"]).good();
        assert_eq!(keystiled(&variables, &["keys", "list", "--json"]).good(), "[]\n");
        keystiled(&variables, &["keys", "rotate"]).refused(1, "there are no signing keys yet");
        assert!(names(home.path()).is_empty(), "no master key is created before it is needed");
        let app = Builder::on(database).start().await;
        assert_eq!((app.count("users").await, app.count("signing_keys").await), (1, 2));
        app.stop().await;
    }
}

/// The words of every command below this one.
fn commands(below: &clap::Command, words: &[String]) -> Vec<Vec<String>> {
    if below.get_subcommands().next().is_none() {
        return vec![words.to_vec()];
    }
    let inner = below.get_subcommands().filter(|inner| inner.get_name() != "help");
    inner.flat_map(|inner| commands(inner, &[words, &[inner.get_name().to_owned()]].concat())).collect()
}

#[test]
fn every_command_of_the_operator_is_tried_without_a_deployment() {
    let all = commands(&keystiled::admin::Command::augment_subcommands(clap::Command::new("keystiled")), &[]);
    assert!(all.len() > 30, "{all:?}");
    let tried = |words: &Vec<String>| {
        COMMANDS
            .iter()
            .any(|command| command.iter().zip(words).filter(|(a, b)| a == b).count() == words.len())
    };
    let missing: Vec<_> =
        all.iter().filter(|words| !OTHERS.contains(&words[0].as_str()) && !tried(words)).collect();
    assert!(missing.is_empty(), "COMMANDS lacks {missing:?}");
}

#[tokio::test]
async fn ca_02_a_command_with_another_home_finds_no_database_and_makes_no_folder() {
    let home = TempDir::new().unwrap();
    let variables = [("HOME", home.path().to_str().unwrap())];
    for command in COMMANDS.iter().chain(&[&["migrate"][..]]) {
        keystiled(&variables, command).refused(1, NO_DATABASE);
    }
    assert!(names(home.path()).is_empty());
}

#[tokio::test]
async fn ca_02_a_master_key_whose_database_is_gone_does_not_get_a_second_one() {
    let home = TempDir::new().unwrap();
    let data = home.path().join(".local/share/keystile");
    let variables = [("HOME", home.path().to_str().unwrap()), ("KEYSTILE_LISTEN", "127.0.0.1:0")];
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("master.key"), KEY).unwrap();
    keystiled(&variables, &["serve"]).refused(1, "no database there, but ");
    init(&variables, &["--org", "Analytical"]).refused(1, "no database there, but ");
    assert_eq!(names(&data), ["master.key"]);
}
