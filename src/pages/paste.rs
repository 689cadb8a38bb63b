//! `/c/code`: a code to copy into a terminal.

use askama::Template;

use super::shell::{Shell, Theme};
use crate::domain::secret::Secret;

#[derive(Template)]
#[template(path = "paste.html")]
pub struct PastePage {
    pub shell: Shell,
    /// The handle of the request.
    pub request: String,
    pub tool: String,
    /// Made with [`super::text::device_label`].
    pub device: Option<String>,
    pub code: Secret,
    /// "14:41:30 UTC"
    pub until: String,
}
