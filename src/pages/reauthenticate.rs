//! `/sign-in/again`: the password once more, before something that weighs.

use askama::Template;

use super::problems::Problems;
use super::shell::{Shell, Theme};
use super::words::{Piece, Sentence};

#[derive(Template)]
#[template(path = "reauthenticate.html")]
pub struct ReauthenticatePage {
    pub shell: Shell,
    pub problems: Problems,
    pub email: String,
    /// What it is for: see [`reason`].
    pub reason: Sentence,
    /// The handle of the request that waits for the answer.
    pub request: Option<String>,
}

/// "to authorize Orbit CLI to change deployments"
pub fn reason(tool: &str, what: &str) -> Sentence {
    Sentence::from("to authorize ").name(tool).text(format!(" to {what}"))
}

pub fn wrong_password() -> Problems {
    Problems::default().with("password", "This is not the password of this account")
}
