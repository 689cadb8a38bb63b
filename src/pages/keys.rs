//! `/o/{org}/keys`: the API keys of an organization, a new one, and its successor.

use askama::Template;

use super::choices::{self, EndChoices, PermissionChoices};
use super::credential_list::{CredentialList, Listing, StateFilter};
use super::credentials::{End, Owner, State};
use super::nav::{Nav, Place};
use super::problems::Problems;
use super::shell::{Shell, Theme};
use super::text::Moment;
use crate::domain::scope::Level;
use crate::domain::static_secret::Mode;

#[derive(Template)]
#[template(path = "keys.html")]
pub struct KeysPage {
    pub shell: Shell,
    pub nav: Nav,
    /// Whether the organization allows API keys.
    pub on: bool,
    /// Whether the person may make keys.
    pub may_create: bool,
    pub list: CredentialList,
    /// "orbit login"
    pub login_command: String,
}

impl KeysPage {
    fn new_link(&self) -> String {
        self.nav.keys(&self.shell.base) + "/new"
    }
}

#[derive(Template)]
#[template(path = "new_key.html")]
pub struct NewKeyPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    /// Marks this form, so that it makes one key however often it is sent.
    pub once: String,
    pub name: String,
    /// The role of the person.
    pub role: String,
    pub mode: Mode,
    /// Whose the key may be besides one's own. Empty for those who make none for others.
    pub accounts: Vec<AccountChoice>,
    pub permissions: PermissionChoices,
    pub ends: EndChoices,
    /// As they were typed.
    pub addresses: String,
}

/// A service account that a key may belong to.
#[derive(Debug, Clone)]
pub struct AccountChoice {
    pub id: String,
    pub name: String,
    pub role: String,
    pub chosen: bool,
}

impl NewKeyPage {
    fn list(&self) -> String {
        self.nav.keys(&self.shell.base)
    }

    fn is_own(&self) -> bool {
        self.accounts.iter().all(|account| !account.chosen)
    }

    /// Each with its name, and what it is for.
    const MODES: [(Mode, &'static str, &'static str); 2] = [
        (Mode::Live, "Live", "For real work."),
        (Mode::Test, "Test", "For trying things out. Whoever checks the key is told."),
    ];
}

#[derive(Template)]
#[template(path = "rotate.html")]
pub struct RotatePage {
    pub shell: Shell,
    pub nav: Nav,
    pub once: String,
    pub id: String,
    pub name: String,
    pub shown: String,
    /// When the old key ends anyway, if it does.
    pub ends: Option<Moment>,
}

impl RotatePage {
    fn list(&self) -> String {
        self.nav.keys(&self.shell.base)
    }

    /// The seconds, their name, and when to choose them.
    const OVERLAPS: [(&'static str, &'static str, &'static str); 3] = [
        ("86400", "For 24 hours", "Time to give the new key to everything that uses the old one."),
        ("3600", "For 1 hour", "Where you can change it over right away."),
        ("0", "Not at all", "The old key is refused from the next request on. Choose this if it has leaked."),
    ];
}
