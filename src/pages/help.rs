//! `/help`: how command-line sign-in works, linked from every page.

use askama::Template;

use super::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "help.html")]
pub struct HelpPage {
    pub shell: Shell,
    pub login_command: String,
}
