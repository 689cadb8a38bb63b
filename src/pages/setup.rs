//! `/setup`: the first owner and the first organization.

use askama::Template;

use super::problems::Problems;
use super::shell::{Shell, Theme};
use super::text;

#[derive(Template)]
#[template(path = "setup.html")]
pub struct SetupPage {
    pub shell: Shell,
    pub problems: Problems,
    pub code: String,
    pub name: String,
    pub email: String,
    pub organization: String,
    /// See [`password_hint`].
    pub password_hint: String,
}

#[derive(Template)]
#[template(path = "setup_done.html")]
pub struct SetupDonePage {
    pub shell: Shell,
    pub organization: String,
    pub login_command: String,
}

/// How long a new password must be.
pub fn password_hint(least: usize) -> String {
    format!(
        "At least {}. A few words in a row are fine.",
        text::count(i64::try_from(least).unwrap_or(i64::MAX), "character", "characters")
    )
}

/// One message for a wrong, used or ended code.
pub fn wrong_code() -> Problems {
    Problems::default().with("code", "That is not the setup code. The newest one is in the log of the server")
}
