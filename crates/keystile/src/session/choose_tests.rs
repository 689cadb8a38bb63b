use std::sync::Arc;

use super::*;
use crate::Dependencies;
use crate::credentials::KeyCredential;
use crate::globals::Globals;
use crate::profile::ProfileName;
use crate::testing::{MemoryStore, TempFolder, app, session};

const LIVE: &str = "acme_live_0123456789abcdefghij";
const TEST: &str = "acme_test_0123456789abcdefghij";

fn chosen(
    stored: Credential,
    globals: &Globals,
    variables: &[(&str, &str)],
) -> Result<Option<ActiveCredential>, ErrorKind> {
    let home = TempFolder::new();
    let home_variable = [("HOME", home.path().to_str().unwrap())];
    let variables = variables.iter().chain(&home_variable);
    let dependencies = Dependencies {
        environment: Some(variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()),
        store: Some(Arc::new(MemoryStore::holding(&ProfileName::default(), stored))),
        ..Dependencies::default()
    };
    choose(&Context::new(&app().dependencies(dependencies).build().unwrap(), globals)?)
}

fn oauth() -> Credential {
    session().into()
}

fn source(stored: Credential, globals: &Globals, variables: &[(&str, &str)]) -> CredentialSource {
    chosen(stored, globals, variables).unwrap().unwrap().source().clone()
}

#[test]
fn the_flag_overrides_the_variable_and_the_variable_overrides_the_profile() {
    let flag = Globals { api_key: Some(TEST.into()), ..Globals::default() };
    assert_eq!(source(oauth(), &flag, &[("ACME_API_KEY", LIVE)]), CredentialSource::Flag);
    let variable = CredentialSource::Variable("ACME_API_KEY".into());
    assert_eq!(source(oauth(), &Globals::default(), &[("ACME_API_KEY", LIVE)]), variable);
    assert!(matches!(source(oauth(), &Globals::default(), &[]), CredentialSource::Profile(_)));
}

#[test]
fn an_empty_variable_is_no_credential() {
    assert!(matches!(
        source(oauth(), &Globals::default(), &[("ACME_API_KEY", "")]),
        CredentialSource::Profile(_)
    ));
}

#[test]
fn an_explicit_profile_overrides_the_variable() {
    let named = Globals { profile: Some(ProfileName::default()), ..Globals::default() };
    assert!(matches!(source(oauth(), &named, &[("ACME_API_KEY", LIVE)]), CredentialSource::Profile(_)));
}

#[test]
fn two_variables_that_differ_are_refused() {
    let both =
        |token| chosen(oauth(), &Globals::default(), &[("ACME_API_KEY", LIVE), ("ACME_API_TOKEN", token)]);
    assert!(matches!(both(TEST), Err(ErrorKind::Usage { .. })));
    assert!(both(LIVE).is_ok());
}

#[test]
fn a_malformed_key_is_refused() {
    let result = chosen(oauth(), &Globals::default(), &[("ACME_API_KEY", "Bearer x")]);
    assert!(matches!(result, Err(ErrorKind::InvalidKeyFormat { .. })));
}

#[test]
fn a_stored_credential_is_not_used_for_another_host() {
    let elsewhere =
        Globals { api_base: Some(BaseUrl::parse("https://evil.example").unwrap()), ..Globals::default() };
    assert!(matches!(chosen(oauth(), &elsewhere, &[]), Err(ErrorKind::HostMismatch { .. })));
    let key: Credential = KeyCredential::new(Secret::new(LIVE)).into();
    assert!(matches!(chosen(key, &elsewhere, &[]), Err(ErrorKind::HostMismatch { .. })));
    assert!(matches!(
        chosen(oauth(), &Globals::default(), &[("ACME_ISSUER", "https://evil.example")]),
        Err(ErrorKind::HostMismatch { .. })
    ));
}

#[test]
fn a_session_is_not_used_for_another_organization() {
    let org = |org: &str| Globals { org: Some(org.into()), ..Globals::default() };
    assert!(chosen(oauth(), &org("analytical"), &[]).is_ok());
    assert!(matches!(chosen(oauth(), &org("other"), &[]), Err(ErrorKind::OrganizationMismatch { .. })));
}

#[test]
fn ch_16_a_key_of_the_environment_is_not_sent_where_a_flag_says() {
    let url = |text: &str| Some(BaseUrl::parse(text).unwrap());
    let evil = url("https://evil.example");
    let key = ("ACME_API_KEY", LIVE);
    let to_issuer = Globals { issuer: evil.clone(), ..Globals::default() };
    let to_api = Globals { api_base: evil.clone(), ..Globals::default() };
    let is_refused = |globals: &Globals, variables: &[(&str, &str)]| {
        matches!(chosen(oauth(), globals, variables), Err(ErrorKind::HostMismatch { .. }))
    };
    assert!(is_refused(&to_issuer, &[key]));
    assert!(is_refused(&to_api, &[key, ("ACME_API_BASE", "https://api.acme.dev")]));
    assert!(is_refused(&to_issuer, &[key, ("ACME_ISSUER", "https://auth.other.example")]));
    // Both from the environment, or both from the command line.
    assert!(!is_refused(&to_issuer, &[key, ("ACME_ISSUER", "https://evil.example")]));
    assert!(!is_refused(&to_api, &[key, ("ACME_API_BASE", "https://evil.example")]));
    assert!(!is_refused(&Globals::default(), &[key, ("ACME_API_BASE", "https://evil.example")]));
    let flag = |globals: Globals| Globals { api_key: Some(TEST.into()), ..globals };
    assert!(!is_refused(&flag(to_issuer), &[key]) && !is_refused(&flag(to_api), &[key]));
}

#[test]
fn a_stored_key_is_not_used_for_another_issuer() {
    let stored = KeyCredential {
        issuer: Some(BaseUrl::parse("https://auth.acme.dev").unwrap()),
        ..KeyCredential::new(Secret::new(LIVE))
    };
    let at = |issuer: &str| Globals { issuer: Some(BaseUrl::parse(issuer).unwrap()), ..Globals::default() };
    assert!(chosen(stored.clone().into(), &at("https://auth.acme.dev"), &[]).is_ok());
    let elsewhere = chosen(stored.into(), &at("https://evil.example"), &[]);
    assert!(matches!(elsewhere, Err(ErrorKind::HostMismatch { .. })));
}
