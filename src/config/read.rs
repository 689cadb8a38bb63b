//! Reads settings into sections.

use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use super::database_url::DatabaseUrl;
use super::document::Value;
use super::env::Env;
use super::fault::{Fault, Origin, Wrong};
use super::issuer::Issuer;
use super::master_key::{self, BadMasterKey};
use super::rate_policies::rate_policies;
use super::resources::resources;
use super::sections::{
    Audit, Brand, Config, Credentials, Database, Keys, Limits, Log, MasterKeySource, Organizations, Server,
    SignIn, Tokens,
};
use super::settings::Settings;
use super::values::{self, Parsed};
use super::words;
use crate::domain::secret::Secret;

const MASTER_KEY: &str = "KEYSTILE_MASTER_KEY";

pub(super) fn config(settings: &mut Settings, env: &Env) -> Config {
    let server = server(settings, env);
    let roles = words::roles(settings);
    let catalog = words::catalog(settings, &roles);
    Config {
        database: database(settings, &server.data_dir),
        keys: keys(settings, env),
        brand: brand(settings, &server.public_url),
        tokens: tokens(settings),
        sign_in: sign_in(settings),
        organizations: organizations(settings),
        limits: Limits {
            sign_ins_per_minute: settings.read("limits.sign_ins_per_minute", values::number(1, 1_000_000)),
            api_requests_per_minute: settings
                .read("limits.api_requests_per_minute", values::number(1, 1_000_000)),
        },
        credentials: Credentials { keep_ended: settings.read("credentials.keep_ended", values::duration) },
        audit: Audit {
            log_uses: settings.read("audit.log_uses", values::flag),
            denied_uses_per_minute: settings
                .read("audit.denied_uses_per_minute", values::number(0, 1_000_000)),
            keep_uses: settings.read("audit.keep_uses", values::duration),
            keep_usage: settings.read("audit.keep_usage", values::duration),
        },
        log: log(settings),
        rate_policies: rate_policies(settings, &catalog),
        resources: resources(settings, &server.public_url),
        catalog,
        roles,
        server,
    }
}

fn server(settings: &mut Settings, env: &Env) -> Server {
    let workers = settings.read("server.workers", values::number(0, 1024));
    Server {
        public_url: settings.read("server.public_url", |value| Issuer::parse(values::text(value)?)),
        listen: settings.read("server.listen", values::address),
        data_dir: data_dir(settings, env),
        trusted_proxies: settings.read("server.trusted_proxies", values::networks),
        workers: if workers == 0 { available_parallelism().map_or(1, usize::from) } else { workers },
        max_connections: settings.read("server.max_connections", values::number(16, 1_000_000)),
        max_connections_per_address: settings
            .read("server.max_connections_per_address", values::number(1, 1_000_000)),
        clock_tolerance: settings.read("server.clock_tolerance", values::duration),
    }
}

fn data_dir(settings: &mut Settings, env: &Env) -> PathBuf {
    let given = settings.read("server.data_dir", |value| values::text(value).map(PathBuf::from));
    if !given.as_os_str().is_empty() {
        return given;
    }
    // The XDG specification requires relative paths to be ignored.
    let absolute = |name| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data_home =
        absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    if let Some(data_home) = data_home {
        return data_home.join("keystile");
    }
    let wrong = Wrong::new("is not set, and neither XDG_DATA_HOME nor HOME is", "Set KEYSTILE_DATA_DIR.");
    settings.refuse("server.data_dir", wrong);
    given
}

fn database(settings: &mut Settings, data_dir: &Path) -> Database {
    Database {
        url: settings.read("database.url", |value| DatabaseUrl::parse(values::text(value)?, data_dir)),
        pool_size: settings.read("database.pool_size", values::number(1, 1000)),
        pooler: settings.read("database.pooler", values::pooler),
        report_pool_size: settings.read("database.report_pool_size", values::number(1, 1000)),
    }
}

fn keys(settings: &mut Settings, env: &Env) -> Keys {
    Keys {
        master_key: master_key(settings, env),
        rsa_bits: settings.read("keys.rsa_bits", values::rsa_bits),
        rotate_every: settings.read("keys.rotate_every", values::duration),
        publish_ahead: settings.read("keys.publish_ahead", values::duration),
        keep_after: settings.read("keys.keep_after", values::duration),
    }
}

fn master_key(settings: &mut Settings, env: &Env) -> MasterKeySource {
    let file = settings.read("keys.master_key_file", master_key_file);
    let Some(text) = env.get(MASTER_KEY) else { return file };
    let mut refuse = |wrong| settings.fault(Fault::new(Origin::Variable(MASTER_KEY.to_owned()), "", wrong));
    if let Err(bad) = master_key::decode(text) {
        refuse(bad_master_key(&bad));
    }
    if file != MasterKeySource::DataDir {
        refuse(Wrong::new("keys.master_key_file is set too, and they may differ", "Keep one of the two."));
    }
    MasterKeySource::Env(Secret::new(text))
}

fn master_key_file(value: &Value) -> Parsed<MasterKeySource> {
    let path = values::text(value)?;
    if path.is_empty() {
        return Ok(MasterKeySource::DataDir);
    }
    master_key::read(Path::new(path)).map_err(|bad| bad_master_key(&bad))?;
    Ok(MasterKeySource::File(path.into()))
}

fn bad_master_key(bad: &BadMasterKey) -> Wrong {
    Wrong::new(bad.to_string(), bad.remedy())
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

fn brand(settings: &mut Settings, public_url: &Issuer) -> Brand {
    Brand {
        name: settings.read("brand.name", values::words),
        token_prefix: settings.read("brand.token_prefix", values::token_prefix),
        header: settings.read("brand.header", values::header),
        cli_name: settings.read("brand.cli_name", values::command),
        login_command: login_command(settings.read("brand.login_command", values::words), public_url),
        help_url: settings.read("brand.help_url", values::link(&["https"])),
        status_url: settings.read("brand.status_url", values::link(&["https"])),
        support_url: settings.read("brand.support_url", values::link(&["https", "mailto"])),
    }
}

fn tokens(settings: &mut Settings) -> Tokens {
    Tokens {
        access: settings.read("tokens.access", values::duration),
        code: settings.read("tokens.code", values::duration),
        request: settings.read("tokens.request", values::duration),
        pushed_request: settings.read("tokens.pushed_request", values::duration),
        device_request: settings.read("tokens.device_request", values::duration),
        refresh_grace: settings.read("tokens.refresh_grace", values::duration_or_zero),
        session_idle: settings.read("tokens.session_idle", values::duration),
        session_max: settings.read("tokens.session_max", values::duration),
    }
}

fn sign_in(settings: &mut Settings) -> SignIn {
    SignIn {
        session_idle: settings.read("sign_in.session_idle", values::duration),
        session_max: settings.read("sign_in.session_max", values::duration),
        reauthenticate_after: settings.read("sign_in.reauthenticate_after", values::duration),
        password_min: settings.read("sign_in.password_min", values::number(8, 64)),
        max_parallel_hashes: settings.read("sign_in.max_parallel_hashes", values::number(1, 256)),
    }
}

fn organizations(settings: &mut Settings) -> Organizations {
    Organizations {
        device_flow: settings.read("organizations.device_flow", values::device_flow),
        copy_code: settings.read("organizations.copy_code", values::flag),
        unrestricted_keys: settings.read("organizations.unrestricted_keys", values::flag),
        key_max: settings.read("organizations.key_max", values::duration_or_zero),
        personal_token_creators: settings
            .read("organizations.personal_token_creators", values::token_creators),
        personal_token_max: settings.read("organizations.personal_token_max", values::duration_or_zero),
    }
}

fn log(settings: &mut Settings) -> Log {
    Log {
        format: settings.read("log.format", values::log_format),
        level: settings.read("log.level", values::log_level),
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
