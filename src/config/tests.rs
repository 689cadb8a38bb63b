//! Configuration errors name their location and a remedy.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use tempfile::TempDir;

use super::document::Value;
use super::*;
use crate::domain::scope::Level;

mod generated;
mod lists;
mod secrets;
mod values;

/// Writes a file into a new directory, which is deleted when the returned `TempDir` is dropped.
fn file(name: &str, text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn env(variables: &[(&str, &str)]) -> Env {
    [("HOME", "/home/ada")].iter().chain(variables).map(|(name, value)| (*name, *value)).collect()
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let (_folder, path) = file("keystile.toml", text);
    Config::load(Some(&path), &env(variables))
}

/// The errors of a file, without its directory.
fn faults(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let from_name = |line: String| match line.find("keystile.toml:") {
        Some(at) => line[at..].to_owned(),
        None => line,
    };
    load(text, variables).unwrap_err().iter().map(|error| from_name(error.to_string())).collect()
}

#[track_caller]
fn one_fault(text: &str, expected: &str) {
    assert_eq!(faults(text, &[]), [expected]);
}

#[track_caller]
fn one_env_fault(variables: &[(&str, &str)], expected: &str) {
    assert_eq!(faults("", variables), [expected]);
}

#[test]
fn without_settings_the_defaults_apply() {
    let config = Config::load(None, &env(&[])).unwrap();
    assert_eq!(config.server.public_url.as_str(), "http://127.0.0.1:8642");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8642");
    assert_eq!(config.server.data_dir, Path::new("/home/ada/.local/share/keystile"));
    assert!(config.server.workers > 0);
    assert_eq!(config.database.url.to_string(), "sqlite:///home/ada/.local/share/keystile/keystile.db");
    assert_eq!(config.master_key, MasterKeySource::DataDir);
    assert_eq!(config.tokens.access, TimeDelta::hours(8));
    assert_eq!(config.tokens.session_max, TimeDelta::days(365));
    assert_eq!(config.credentials.keep_ended, TimeDelta::days(400));
    assert_eq!(config.brand.status_url, None);
    assert_eq!(config.log.format, LogFormat::Text);
    assert_eq!(
        config.roles.iter().map(|role| role.id.as_str()).collect::<Vec<_>>(),
        ["owner", "admin", "member", "viewer"]
    );
    assert_eq!(config.catalog.get("keys:manage").unwrap().level, Level::Administer);
    assert!(config.catalog.defaults().contains("org:read"));
    assert!(!config.catalog.held_by("viewer").contains("keys:manage"));
}

#[test]
fn the_data_directory_follows_xdg() {
    let data_dir = |variables: &[(&str, &str)]| Config::load(None, &env(variables)).unwrap().server.data_dir;
    assert_eq!(data_dir(&[("XDG_DATA_HOME", "/data")]), Path::new("/data/keystile"));
    assert_eq!(data_dir(&[("XDG_DATA_HOME", "relative")]), Path::new("/home/ada/.local/share/keystile"));
    assert_eq!(data_dir(&[("XDG_DATA_HOME", "/data"), ("KEYSTILE_DATA_DIR", "/srv")]), Path::new("/srv"));
    let none = Config::load(None, &Env::default()).unwrap_err().to_string();
    assert!(none.ends_with(
        "server.data_dir: is not set, and neither XDG_DATA_HOME nor HOME is. Set KEYSTILE_DATA_DIR."
    ));
}

#[test]
fn the_file_is_stronger_than_the_defaults_and_the_environment_than_the_file() {
    let text = "[tokens]\naccess = \"2h\"\ncode = \"30s\"\n[server]\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
    let config = load(text, &[]).unwrap();
    assert_eq!(config.tokens.access, TimeDelta::hours(2));
    assert_eq!(config.server.trusted_proxies.len(), 1);
    let config = load(
        text,
        &[
            ("KEYSTILE_TOKENS__ACCESS", "1h"),
            ("KEYSTILE_SERVER__TRUSTED_PROXIES", "127.0.0.1, 192.168.0.0/16"),
            ("KEYSTILE_DATABASE__POOL_SIZE", "3"),
            ("KEYSTILE_LISTEN", "[::1]:80"),
            ("KEYSTILE_PUBLIC_URL", "https://auth.example.com"),
            ("KEYSTILE_API_KEY", "belongs to the companion CLI"),
        ],
    )
    .unwrap();
    assert_eq!(config.tokens.access, TimeDelta::hours(1));
    assert_eq!(config.tokens.code, TimeDelta::seconds(30));
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.server.listen.to_string(), "[::1]:80");
    assert_eq!(config.server.public_url.as_str(), "https://auth.example.com");
    assert_eq!(config.database.pool_size, 3);
}

#[test]
fn all_errors_are_reported_at_once_in_the_order_of_their_lines() {
    let text = "[server]\nlisten = \"nowhere\"\npublic_url = \"ftp://x\"\n[tokens]\ncode = \"soon\"\n[nothing]\na = 1\n";
    let found = faults(text, &[("KEYSTILE_TOKENS__ACCESS", "never")]);
    let starts: Vec<_> =
        found.iter().map(|fault| fault.split(": ").take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        starts,
        [
            "keystile.toml:2 server.listen",
            "keystile.toml:3 server.public_url",
            "keystile.toml:5 tokens.code",
            "keystile.toml:7 nothing.a",
            "KEYSTILE_TOKENS__ACCESS tokens.access",
        ]
    );
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_line() {
    let found = faults("[server]\nlisten = \n[tokens\n", &[]);
    assert!(found[0].starts_with("keystile.toml:2: this is not TOML: "), "{found:?}");
    assert!(
        found.iter().all(|fault| fault.ends_with("Fix this line; see config/example.toml.")),
        "{found:?}"
    );
}

#[test]
fn a_file_that_is_not_there_is_a_fault() {
    let found = Config::load(Some(Path::new("/nowhere/keystile.toml")), &env(&[])).unwrap_err().to_string();
    assert!(found.starts_with("/nowhere/keystile.toml: the configuration file cannot be read: "), "{found}");
}

#[test]
fn unknown_keys_are_refused_with_those_that_exist() {
    one_fault(
        "[database]\nurl = \"sqlite:///a\"\npool = 3\n",
        "keystile.toml:3: database.pool: is not a setting. Remove it, or use one of pool_size, pooler, report_pool_size, url.",
    );
    one_fault(
        "workers = 3\n",
        "keystile.toml:1: workers: is not a section. Remove it, or use one of audit, brand, catalog, credentials, database, keys, limits, log, \
         organizations, server, sign_in, tokens.",
    );
    one_fault(
        "[[scope]]\nid = \"a\"\n",
        "keystile.toml:1: scope: is not a section. Remove it, or use one of audit, brand, catalog, credentials, database, keys, limits, log, \
         organizations, server, sign_in, tokens.",
    );
    one_fault(
        "[scopes.a]\nlabel = \"A\"\n",
        "keystile.toml:1: scopes.a: is a list. Write each one as [[scopes]] in the configuration file.",
    );
    one_env_fault(
        &[("KEYSTILE_DATABASE__POOL", "3")],
        "KEYSTILE_DATABASE__POOL: database.pool: is not a setting. Remove it, or use one of pool_size, pooler, report_pool_size, url.",
    );
}

#[test]
fn a_setting_that_two_variables_name_is_refused() {
    one_env_fault(
        &[("KEYSTILE_LISTEN", "127.0.0.1:1"), ("KEYSTILE_SERVER__LISTEN", "127.0.0.1:2")],
        "KEYSTILE_SERVER__LISTEN: server.listen: is also set as KEYSTILE_LISTEN. Keep one of the two.",
    );
}

/// The example with all settings uncommented: `#` directly before text disables a setting, `# ` starts a comment.
fn uncommented_example() -> String {
    let example = include_str!("../../config/example.toml");
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => {
            setting.to_owned()
        }
        _ => line.to_owned(),
    };
    example.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_shows_the_defaults() {
    let defaults = Config::load(None, &env(&[])).unwrap();
    let shown = load(&uncommented_example(), &[]).unwrap();
    assert_eq!(format!("{shown:#?}"), format!("{defaults:#?}"));
    assert!(load(include_str!("../../config/example.toml"), &[]).is_ok());
}

/// Each key: its variable, its name and its default.
fn keys() -> impl Iterator<Item = (String, String, Value)> {
    sections::all().into_iter().flat_map(|section| {
        section.keys.into_iter().map(move |key| {
            let variable = format!("KEYSTILE_{}__{}", section.name, key.name).to_uppercase();
            (variable, format!("{}.{}", section.name, key.name), key.default)
        })
    })
}

#[test]
fn every_key_is_checked() {
    for (variable, key, _) in keys() {
        // No setting except a path accepts a control character.
        let found = Config::load(None, &env(&[(&variable, "\u{1}")]));
        assert!(found.is_err() || key == "server.data_dir", "{key} accepts any value");
    }
}
