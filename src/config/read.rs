//! Reads settings into sections, and resolves values that depend on other keys or on the machine.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use super::env::Env;
use super::error::{ConfigError, SettingOrigin, ValueError};
use super::issuer::Issuer;
use super::master_key;
use super::rate_policies::rate_policies;
use super::resources::resources;
use super::sections::{
    Audit, Brand, CatalogSettings, Config, Credentials, Database, Keys, Limits, Log, MasterKeySource,
    Organizations, Server, SignIn, Tokens,
};
use super::settings::Settings;
use super::words;
use crate::domain::secret::Secret;

const MASTER_KEY: &str = "KEYSTILE_MASTER_KEY";

pub(super) fn config(settings: &mut Settings, env: &Env) -> Config {
    let server = server(settings, env);
    let keys = Keys::read(settings);
    let roles = words::roles(settings);
    let CatalogSettings { version } = CatalogSettings::read(settings);
    let catalog = words::catalog(settings, version, &roles);
    Config {
        database: database(settings, &server.data_dir),
        master_key: master_key(settings, env, &keys),
        keys,
        brand: brand(settings, &server.public_url),
        tokens: Tokens::read(settings),
        sign_in: SignIn::read(settings),
        organizations: Organizations::read(settings),
        limits: Limits::read(settings),
        credentials: Credentials::read(settings),
        audit: Audit::read(settings),
        log: Log::read(settings),
        rate_policies: rate_policies(settings, &catalog),
        resources: resources(settings, &server.public_url),
        catalog,
        roles,
        server,
    }
}

fn server(settings: &mut Settings, env: &Env) -> Server {
    let mut server = Server::read(settings);
    if server.workers == 0 {
        server.workers = available_parallelism().map_or(1, usize::from);
    }
    if server.data_dir.as_os_str().is_empty() {
        server.data_dir = default_data_dir(env).unwrap_or_else(|| {
            let problem = "is not set, and neither XDG_DATA_HOME nor HOME is";
            settings.refuse("server.data_dir", ValueError::new(problem, "Set KEYSTILE_DATA_DIR."));
            PathBuf::new()
        });
    }
    server
}

fn default_data_dir(env: &Env) -> Option<PathBuf> {
    // The XDG specification requires relative paths to be ignored.
    let absolute = |name| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data_home =
        absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data_home.map(|data_home| data_home.join("keystile"))
}

fn database(settings: &mut Settings, data_dir: &Path) -> Database {
    let mut database = Database::read(settings);
    match database.url.in_data_dir(data_dir) {
        Ok(url) => database.url = url,
        Err(wrong) => settings.refuse("database.url", wrong),
    }
    database
}

fn master_key(settings: &mut Settings, env: &Env, keys: &Keys) -> MasterKeySource {
    let file = keys.master_key_file.clone();
    let Some(text) = env.get(MASTER_KEY) else {
        return file.map_or(MasterKeySource::DataDir, MasterKeySource::File);
    };
    let mut refuse = |wrong| {
        settings.add_error(ConfigError::new(SettingOrigin::Variable(MASTER_KEY.to_owned()), "", wrong));
    };
    if let Err(bad) = master_key::decode(text) {
        refuse(ValueError::new(bad.to_string(), bad.remedy()));
    }
    if file.is_some() {
        refuse(ValueError::new(
            "keys.master_key_file is set too, and they may differ",
            "Keep one of the two.",
        ));
    }
    MasterKeySource::Env(Secret::new(text))
}

fn brand(settings: &mut Settings, public_url: &Issuer) -> Brand {
    let mut brand = Brand::read(settings);
    brand.login_command = login_command(brand.login_command, public_url);
    brand
}

/// Login command and default issuer of the companion CLI.
const COMPANION_LOGIN: &str = "keystile auth login";
const COMPANION_SERVER: &str = "http://127.0.0.1:8642";

/// The sign-in command. Adds `--issuer` for the companion CLI, unless this deployment is its default issuer.
fn login_command(written: String, public_url: &Issuer) -> String {
    let url = public_url.as_str();
    if written != COMPANION_LOGIN || url == COMPANION_SERVER {
        return written;
    }
    let plain = url.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-_~%".contains(&b));
    if plain {
        format!("{written} --issuer {url}")
    } else {
        format!("{written} --issuer '{}'", url.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn command(settings: &[(&str, &str)]) -> String {
        let env: Env = settings.iter().copied().chain([("HOME", "/tmp")]).collect();
        Config::load(None, &env).unwrap().brand.login_command
    }

    #[test]
    fn cg_09_the_command_names_the_server_unless_it_is_the_default() {
        let at = |url: &str| command(&[("KEYSTILE_PUBLIC_URL", url)]);
        assert_eq!(command(&[]), "keystile auth login");
        assert_eq!(at("http://127.0.0.1:8642"), "keystile auth login");
        assert_eq!(at("http://127.0.0.1:9000"), "keystile auth login --issuer http://127.0.0.1:9000");
        assert_eq!(at("https://example.com/auth"), "keystile auth login --issuer https://example.com/auth");
        assert_eq!(at("http://[::1]:8642"), "keystile auth login --issuer 'http://[::1]:8642'");
        assert_eq!(
            at("https://example.com/a'b"),
            r"keystile auth login --issuer 'https://example.com/a'\''b'"
        );
        let own =
            [("KEYSTILE_PUBLIC_URL", "https://example.com"), ("KEYSTILE_BRAND__LOGIN_COMMAND", "acme login")];
        assert_eq!(command(&own), "acme login", "a tool of another brand has its own default issuer");
    }
}
