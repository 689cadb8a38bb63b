//! `/done`: where a tool sends the browser once it is signed in, so that no code stays in the address bar.

use askama::Template;

use super::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "done.html")]
pub struct DonePage {
    pub shell: Shell,
    /// The name of the client that the address names.
    pub tool: Option<String>,
    /// What the signed-in person just started, when it is known.
    pub session: Option<NewSession>,
}

#[derive(Debug, Clone)]
pub struct NewSession {
    pub tool: String,
    /// Made with [`super::text::device_label`].
    pub device: String,
    pub organization: String,
    pub email: String,
    /// "22 Dec 2026"
    pub until: String,
}
