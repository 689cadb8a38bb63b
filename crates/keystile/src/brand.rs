//! The names of a tool.

use std::sync::Arc;

/// The names of a tool: its command, its environment variables, and what its texts call it. Created by
/// [`App::brand`](crate::App::brand).
#[derive(Clone, Debug)]
pub struct Brand(Arc<Names>);

#[derive(Debug, Default)]
struct Names {
    name: String,
    version: String,
    key_prefixes: Vec<String>,
    status_page: Option<String>,
    /// The words before `login`; `None` for `auth`.
    login_group: Option<String>,
}

impl Brand {
    pub(crate) fn new(
        name: String,
        version: String,
        key_prefixes: Vec<String>,
        status_page: Option<String>,
        login_group: Option<String>,
    ) -> Self {
        Self(Arc::new(Names { name, version, key_prefixes, status_page, login_group }))
    }

    /// For errors that occur before an `App` exists. Their texts must not name the tool.
    pub(crate) fn unnamed() -> Self {
        Self(Arc::default())
    }

    /// The name of the binary, for example `acme`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn version(&self) -> &str {
        &self.0.version
    }

    /// Name and version as in `User-Agent`: `keystile/0.1.0`.
    pub(crate) fn product(&self) -> String {
        format!("{}/{}", self.0.name, self.0.version)
    }

    pub(crate) fn key_prefixes(&self) -> &[String] {
        &self.0.key_prefixes
    }

    pub(crate) fn status_page(&self) -> Option<&str> {
        self.0.status_page.as_deref()
    }

    /// The command line with these arguments: `auth login` becomes `acme auth login`, or what the tool has in the place of
    /// `auth` ([`AppBuilder::login_group`](crate::AppBuilder::login_group)).
    pub fn command(&self, arguments: &str) -> String {
        let Names { name, login_group, .. } = &*self.0;
        match (login_group.as_deref(), arguments.strip_prefix("auth ")) {
            (Some(""), Some(command)) => format!("{name} {command}"),
            (Some(group), Some(command)) => format!("{name} {group} {command}"),
            (None, _) | (_, None) => format!("{name} {arguments}"),
        }
    }

    /// The environment variable with this suffix: `API_KEY` becomes `ACME_API_KEY`. Characters of the name other than
    /// letters and digits become `_`.
    pub fn variable(&self, suffix: &str) -> String {
        let prefix: String = self
            .0
            .name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        format!("{prefix}_{suffix}")
    }
}
