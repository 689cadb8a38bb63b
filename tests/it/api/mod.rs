//! The management API over HTTP, on both engines.

mod hand_on;
mod idempotency;
mod keys;
mod leaks;
mod matrix;
mod members;
mod openapi;
mod owners;
mod paths;
mod policy;
mod presenting;
mod rates;
mod rotation;
mod scopes;
mod service_accounts;
mod tokens;
mod verify;

use serde_json::{Value, json};

use crate::support::http::Answer;

/// Status and error code.
fn refusal(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    (answer.status, body["error"]["code"].as_str().unwrap_or_else(|| panic!("no error: {body}")).to_owned())
}

/// The expected value of [`refusal`].
fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// The request body for a live key with these scopes.
fn wanted(scopes: &[&str]) -> Value {
    json!({ "name": "CI", "mode": "live", "scopes": scopes })
}
