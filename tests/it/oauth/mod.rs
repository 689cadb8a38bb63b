//! The OAuth endpoints under attack, over HTTP, on both engines.

mod authorize;
mod client_secrets;
mod code;
mod decisions;
mod details;
mod device;
mod disabled_users;
mod forge;
mod http;
mod introspect;
mod issuer;
mod jwt;
mod key_grants;
mod nodes;
mod par;
mod par_status;
mod pkce;
mod recovery;
mod redirect_uri;
mod refresh;
mod removed_clients;
mod replaced;
mod resource;
mod revoked_keys;
mod strangers;
mod tenancy;
mod token;

use crate::support::html;
use crate::support::http::Answer;

/// Asserts an error page for the person that links nowhere else, and no redirect to the tool.
fn told_to_the_person(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
    assert_eq!(answer.header("location"), None, "{what}");
    assert_eq!(html::refresh(&answer.body), None, "{what}");
}

/// Status and error code of a response in the format of RFC 6749 section 5.2.
fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    (answer.status, body["error"].as_str().unwrap_or_else(|| panic!("no error: {body}")).to_owned())
}

/// The expected value of [`refusal`].
fn is(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}
