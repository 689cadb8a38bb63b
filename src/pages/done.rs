//! `/done`: where a tool sends the browser once it is signed in, so that no code stays in the address bar.
//!
//! Anybody can open the address, so it says "signed in" only of a session that the signed-in person has just made.

use askama::Template;

use super::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "done.html")]
pub struct DonePage {
    pub shell: Shell,
    /// What the signed-in person has just started with the client that the address names.
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

impl DonePage {
    pub fn title(&self) -> &'static str {
        if self.session.is_some() { "You can return to your terminal" } else { "Look at your terminal" }
    }
}
