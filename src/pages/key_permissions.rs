//! `/o/{org}/keys/{id}/permissions`: what an API key may do from now on.

use askama::Template;

use super::choices::PermissionChoices;
use super::nav::{Nav, Place};
use super::problems::Problems;
use super::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "key_permissions.html")]
pub struct KeyPermissionsPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub id: String,
    pub name: String,
    /// `acme_live_…Wq3f`
    pub shown: String,
    /// "4 minutes ago"
    pub last_used: Option<String>,
    pub state: GrantState,
    /// The ids of what it has, as the form sends them back: so a change by somebody else meanwhile is noticed.
    pub seen: String,
    pub permissions: PermissionChoices,
}

/// What is to be said of the permissions that a key has before they are changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantState {
    /// All of them count.
    Whole,
    /// The role of its owner, by name, does not hold these any more.
    Shrunk { role: String, lost: Vec<String> },
    /// It has none of its own.
    Unrestricted,
    /// Its owner has left or is disabled.
    Orphaned,
    /// The same, and it has none that could be taken away.
    OrphanedUnrestricted,
}

impl KeyPermissionsPage {
    fn list(&self) -> String {
        self.nav.keys(&self.shell.base)
    }
}
