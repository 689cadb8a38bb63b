use super::*;
use crate::domain::client::{ClientKind, Grant};
use crate::domain::redirect_uri::RedirectUri;
use crate::domain::scope::{Level, Scope};
use crate::domain::time::Time;

const ISSUER: &str = "https://auth.example";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client() -> Client {
    Client {
        id: "tool".into(),
        name: "Tool".into(),
        kind: ClientKind::Native,
        secret: None,
        old_secret: None,
        redirect_uris: vec![RedirectUri::register("http://127.0.0.1/callback").unwrap()],
        scopes: None,
        grants: vec![Grant::AuthorizationCode, Grant::RefreshToken],
        command: None,
        access: None,
        created_at: Time::from_micros(0).unwrap(),
        disabled_at: None,
        version: 1,
    }
}

fn catalog() -> Catalog {
    let scope = |id: &str, default| Scope {
        id: id.into(),
        label: "See".into(),
        not_label: "see".into(),
        level: Level::Read,
        roles: vec![],
        default,
    };
    Catalog::new("v1".to_owned(), vec![scope("read", true), scope("write", false)], Vec::new())
}

const GOOD: &[(&str, &str)] = &[
    ("client_id", "tool"),
    ("redirect_uri", "http://127.0.0.1:9/callback"),
    ("response_type", "code"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// A valid request with parameters added; an empty value removes the parameter.
fn with(changes: &[(&str, &str)]) -> RawParameters {
    let kept = GOOD
        .iter()
        .filter(|(name, _)| !changes.iter().any(|(changed, value)| changed == name && value.is_empty()));
    let pairs = kept.chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    RawParameters::from_pairs(pairs)
}

fn replaced(name: &str, value: &str) -> RawParameters {
    let kept = GOOD.iter().copied().filter(|(known, _)| *known != name);
    let pairs = kept.chain([(name, value)]);
    RawParameters::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

fn refusal(parameters: &RawParameters) -> OAuthCode {
    check(&client(), &catalog(), ISSUER, parameters).unwrap_err().code
}

#[test]
fn az_01_02_03_06_without_a_trusted_redirect_uri_the_error_is_shown_to_the_person() {
    let unknown =
        |asked: Option<&str>| ClientRedirectError::UnknownClient { asked: asked.map(str::to_owned) };
    assert_eq!(check_redirect(None, &with(&[])).unwrap_err(), unknown(Some("tool")));
    assert_eq!(check_redirect(Some(&client()), &with(&[("client_id", "tool")])).unwrap_err(), unknown(None));
    for bad in ["https://evil.example/", "http://localhost:9/callback", ""] {
        let refused = check_redirect(Some(&client()), &replaced("redirect_uri", bad)).unwrap_err();
        assert!(matches!(refused, ClientRedirectError::RedirectUri { .. }), "{bad}");
    }
    let long = "a".repeat(8193);
    assert_eq!(
        check_redirect(Some(&client()), &with(&[("state", &long)])).unwrap_err(),
        ClientRedirectError::StateTooLong
    );
}

#[test]
fn az_04_07_09_12_18_22_23_24_each_error_has_its_code() {
    use OAuthCode::{
        InvalidRequest, InvalidScope, RequestNotSupported, RequestUriNotSupported, UnsupportedResponseType,
    };
    let long = "a".repeat(10_000);
    for (changes, code) in [
        (&[("response_type", "")][..], InvalidRequest),
        (&[("scope", "read"), ("scope", "read")], InvalidRequest),
        (&[("state", "a"), ("state", "b")], InvalidRequest),
        (&[("code_challenge", CHALLENGE)], InvalidRequest),
        (&[("scope", "nothing-like-it")], InvalidScope),
        (&[("scope", "a\"b")], InvalidScope),
        (&[("scope", &long)], InvalidScope),
        (&[("prompt", "none login")], InvalidRequest),
        (&[("max_age", "soon")], InvalidRequest),
        (&[("request", "e30.e30.")], RequestNotSupported),
        (&[("request_uri", "http://169.254.169.254/")], RequestUriNotSupported),
        (&[("response_mode", "fragment")], InvalidRequest),
        (&[("response_mode", "web_message")], InvalidRequest),
        (&[("resource", "https://elsewhere.example")], OAuthCode::InvalidTarget),
    ] {
        assert_eq!(refusal(&with(changes)), code, "{changes:?}");
    }
    assert_eq!(refusal(&replaced("response_type", "token")), UnsupportedResponseType);
    assert_eq!(refusal(&replaced("response_type", "code id_token")), UnsupportedResponseType);
}

#[test]
fn pk_01_02_03_04_only_a_well_formed_s256_challenge_is_accepted() {
    for parameters in [
        with(&[("code_challenge", "")]),
        with(&[("code_challenge_method", "")]),
        replaced("code_challenge_method", "plain"),
        replaced("code_challenge_method", "s256"),
        replaced("code_challenge_method", "S512"),
        replaced("code_challenge", &CHALLENGE[..42]),
        replaced("code_challenge", &format!("{}=", &CHALLENGE[..42])),
    ] {
        assert_eq!(refusal(&parameters), OAuthCode::InvalidRequest);
    }
}

#[test]
fn az_09_10_an_empty_scope_is_the_default_and_unknown_parameters_are_ignored() {
    let asked = check(&client(), &catalog(), ISSUER, &with(&[("scope", ""), ("foo", "bar"), ("foo", "baz")]))
        .unwrap();
    assert_eq!(asked.scopes.to_string(), "read");
}
