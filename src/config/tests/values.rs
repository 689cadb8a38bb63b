//! Invalid values of each type.

use super::{faults, keys, load, one_env_fault, one_fault};
use crate::config::document::Value;
use crate::config::duration;

#[test]
fn the_public_url_is_https_and_written_exactly() {
    one_fault(
        "[server]\npublic_url = \"http://auth.example.com\"\n",
        "keystile.toml:2: server.public_url: is http on an address that is not loopback, so passwords would travel in \
         clear text. Write https://, or http://127.0.0.1 with a port for a server that only this machine reaches.",
    );
    one_env_fault(
        &[("KEYSTILE_PUBLIC_URL", "https://auth.example.com/")],
        "KEYSTILE_PUBLIC_URL: server.public_url: ends with a slash. Write https://auth.example.com.",
    );
    one_env_fault(
        &[("KEYSTILE_PUBLIC_URL", "https://auth.example.com?a=b")],
        "KEYSTILE_PUBLIC_URL: server.public_url: has a query or a fragment. Remove everything from ? or # on.",
    );
    one_env_fault(
        &[("KEYSTILE_PUBLIC_URL", "")],
        "KEYSTILE_PUBLIC_URL: server.public_url: is not a URL. Write the address that people open, such as \
         https://auth.example.com.",
    );
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    let number = "is not a whole number from 1 to 1000. Write one, without quotes and without a unit.";
    for bad in ["\"3\"", "0", "-1", "1001", "99999999999999999999", "3.5", "true"] {
        one_fault(
            &format!("[database]\npool_size = {bad}\n"),
            &format!("keystile.toml:2: database.pool_size: {number}"),
        );
    }
    one_fault(
        "[brand]\nname = 3\n",
        "keystile.toml:2: brand.name: should be text, but is a number. Write text, as config/example.toml shows.",
    );
    one_fault(
        "[server]\ntrusted_proxies = \"10.0.0.1\"\n",
        "keystile.toml:2: server.trusted_proxies: is not a list of strings. Write it as [\"one\", \"two\"].",
    );
    one_fault(
        "[server]\nlisten = \"localhost:8642\"\n",
        "keystile.toml:2: server.listen: is not an IP address and a port. Write it as 127.0.0.1:8642, [::1]:8642 or \
         0.0.0.0:8642.",
    );
    one_fault(
        "[keys]\nrsa_bits = 1024\n",
        "keystile.toml:2: keys.rsa_bits: is not a supported key size. Write 2048, 3072 or 4096.",
    );
    one_fault(
        "[log]\nformat = \"xml\"\n",
        "keystile.toml:2: log.format: is not a log format. Write \"text\" or \"json\".",
    );
}

#[test]
fn an_unknown_log_level_is_refused() {
    one_fault(
        "[log]\nlevel = \"info,keystile=loud\"\n",
        "keystile.toml:2: log.level: is not a log level. Write error, warn, info, debug or trace, or a filter \
         such as \"info,keystiled::store=debug\".",
    );
}

#[test]
fn proxies_are_addresses_or_networks_and_never_everyone() {
    one_fault(
        "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"proxy\"]\n",
        "keystile.toml:2: server.trusted_proxies: \"proxy\" is neither an address nor a network. Write addresses as \
         10.0.0.7 and networks as 10.0.0.0/8.",
    );
    one_fault(
        "[server]\ntrusted_proxies = [\"0.0.0.0/0\"]\n",
        "keystile.toml:2: server.trusted_proxies: 0.0.0.0/0 trusts every sender to say where a request comes from. \
         Name the addresses of your own proxies.",
    );
}

#[test]
fn durations_are_checked_one_by_one() {
    let remedy = "Write a whole number and a unit: 60s, 10min, 8h or 90d.";
    for (bad, expected) in [
        ("8 hours", format!("is not a duration. {remedy}")),
        ("999999999999d", format!("is longer than 100 years. {remedy}")),
        ("0s", "is zero. Write at least 1s.".to_owned()),
        ("-1h", "is negative. Write 0s or a longer time.".to_owned()),
    ] {
        one_fault(
            &format!("[tokens]\naccess = \"{bad}\"\n"),
            &format!("keystile.toml:2: tokens.access: {expected}"),
        );
    }
    one_fault(
        "[tokens]\nrefresh_grace = \"-1s\"\n",
        "keystile.toml:2: tokens.refresh_grace: is negative. Write 0s or a longer time.",
    );
    assert!(load("[tokens]\nrefresh_grace = \"0s\"\n", &[]).is_ok());
}

#[test]
fn durations_must_fit_together() {
    for (text, key) in [
        ("[tokens]\nsession_max = \"1d\"\n", "tokens.session_max: is shorter than tokens.session_idle"),
        ("[tokens]\nrefresh_grace = \"8h\"\n", "tokens.refresh_grace: is not shorter than tokens.access"),
        ("[sign_in]\nsession_max = \"1min\"\n", "sign_in.session_max: is shorter than sign_in.session_idle"),
        ("[keys]\npublish_ahead = \"90d\"\n", "keys.publish_ahead: is not shorter than keys.rotate_every"),
        ("[keys]\nkeep_after = \"1h\"\n", "keys.keep_after: is shorter than tokens.access"),
        ("[credentials]\nkeep_ended = \"23h\"\n", "credentials.keep_ended: is shorter than a day"),
    ] {
        let found = faults(text, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("keystile.toml:2: {key}")), "{found:?}");
    }
    one_fault(
        "[tokens]\nsession_idle = \"366d\"\n",
        "built-in default: tokens.session_max: is shorter than tokens.session_idle, so idle sessions would never end \
         early. Make it at least as long as tokens.session_idle.",
    );
}

#[test]
fn a_duration_of_zero_is_refused_unless_it_means_never_or_no_limit() {
    let may_be_zero = ["tokens.refresh_grace", "organizations.key_max", "organizations.personal_token_max"];
    let mut durations = 0;
    for (variable, key, default) in keys() {
        if !matches!(&default, Value::Text(text) if duration::parse(text).is_ok()) {
            continue;
        }
        durations += 1;
        let loaded = load("", &[(&variable, "0s")]);
        let refused = loaded.is_err_and(|faults| faults.to_string().contains("is zero"));
        assert_eq!(refused, !may_be_zero.contains(&&*key), "{key}");
    }
    assert!(durations > may_be_zero.len());
}

#[test]
fn brand_settings_are_validated() {
    for (key, bad, expected) in [
        ("token_prefix", "Acme", "is not a valid prefix for secrets"),
        ("token_prefix", "acme_", "is not a valid prefix"),
        ("token_prefix", "", "is not a valid prefix"),
        ("header", "Acme:", "cannot start the name of an HTTP header"),
        ("cli_name", "rm -rf", "is not the name of a command"),
        ("name", " ", "is empty"),
        ("login_command", "a\\nb", "is not one line"),
        ("help_url", "mailto:help@example.com", "is not a link"),
        ("status_url", "javascript:alert(1)", "is not a link"),
        ("status_url", "mailto:help@example.com", "is not a link"),
        ("support_url", "support", "is not a link"),
    ] {
        let found = faults(&format!("[brand]\n{key} = \"{bad}\"\n"), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("keystile.toml:2: brand.{key}: {expected}")), "{found:?}");
    }
    let brand = load("[brand]\ntoken_prefix = \"onv_sk\"\nsupport_url = \"mailto:help@example.com\"\n", &[])
        .unwrap()
        .brand;
    assert_eq!(brand.token_prefix, "onv_sk");
    assert_eq!(brand.support_url.as_deref(), Some("mailto:help@example.com"));
}
