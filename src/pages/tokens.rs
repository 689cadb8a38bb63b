//! `/tokens`: the personal tokens of the signed-in person, and a new one.

use askama::Template;

use super::choices::{self, EndChoices, PermissionChoices};
use super::credential_list::{CredentialList, Listing, StateFilter};
use super::credentials::{End, Owner, State};
use super::nav::{Nav, Place};
use super::problems::Problems;
use super::shell::{Shell, Theme};
use crate::domain::scope::Level;

#[derive(Template)]
#[template(path = "tokens.html")]
pub struct TokensPage {
    pub shell: Shell,
    pub nav: Nav,
    pub allowed: Allowed,
    pub list: CredentialList,
    /// "orbit login"
    pub login_command: String,
}

/// Whether the organization lets this person have personal tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    Yes,
    /// The switch is off.
    Off,
    /// It keeps them to its owners and admins.
    AdminsOnly,
}

impl TokensPage {
    fn new_link(&self) -> String {
        self.shell.base.clone() + &self.nav.of_this("/tokens/new")
    }

    fn may_create(&self) -> bool {
        self.allowed == Allowed::Yes
    }
}

#[derive(Template)]
#[template(path = "new_token.html")]
pub struct NewTokenPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    /// Marks this form, so that it makes one token however often it is sent.
    pub once: String,
    pub name: String,
    pub permissions: PermissionChoices,
    pub ends: EndChoices,
}

impl NewTokenPage {
    fn list(&self) -> String {
        self.shell.base.clone() + &self.nav.of_this("/tokens")
    }
}
