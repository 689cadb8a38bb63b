//! `/o/{org}/service-accounts`: programs that belong to an organization, a new one, and one with its keys.

use askama::Template;

use super::choices::Tick;
use super::credential_list::{CredentialList, Listing, StateFilter};
use super::credentials::{End, Owner, State};
use super::nav::{Nav, Place};
use super::problems::Problems;
use super::sessions::Pager;
use super::shell::{Shell, Theme};
use super::text::Moment;
use crate::domain::scope::Level;

#[derive(Template)]
#[template(path = "service_accounts.html")]
pub struct ServiceAccountsPage {
    pub shell: Shell,
    pub nav: Nav,
    pub accounts: Vec<Account>,
    pub pager: Pager,
}

/// A service account.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub purpose: String,
    pub role: String,
    pub created_by: Option<String>,
    pub created_at: Moment,
    pub disabled_at: Option<Moment>,
}

#[derive(Template)]
#[template(path = "new_service_account.html")]
pub struct NewServiceAccountPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub name: String,
    pub purpose: String,
    pub roles: Vec<RoleChoice>,
}

/// A role that a service account may have.
#[derive(Debug, Clone)]
pub struct RoleChoice {
    pub id: String,
    pub description: String,
    pub tick: Tick,
}

#[derive(Template)]
#[template(path = "service_account.html")]
pub struct ServiceAccountPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub account: Account,
    pub roles: Vec<RoleChoice>,
    /// Its keys, the newest first.
    pub list: CredentialList,
    /// Whether the person may make keys for it.
    pub may_create: bool,
}

impl ServiceAccountsPage {
    fn path(&self) -> String {
        self.nav.service_accounts(&self.shell.base)
    }
}

impl NewServiceAccountPage {
    fn list(&self) -> String {
        self.nav.service_accounts(&self.shell.base)
    }
}

impl ServiceAccountPage {
    fn path(&self) -> String {
        format!("{}/{}", self.nav.service_accounts(&self.shell.base), self.account.id)
    }

    fn new_key(&self) -> String {
        format!("{}/new?owner={}", self.nav.keys(&self.shell.base), self.account.id)
    }
}
