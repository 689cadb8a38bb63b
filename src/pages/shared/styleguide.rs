//! `/_styleguide`, in debug builds only: every component in every state.

use askama::Template;

use crate::domain::scope::Level;
use crate::pages::authorize::consent::Permission;
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "shared/styleguide.html")]
pub struct StyleguidePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub permissions: Vec<Permission>,
}

impl StyleguidePage {
    pub fn new(shell: Shell, nav: Nav) -> Self {
        let permissions = [
            ("See deployments, their logs and settings", Level::Read),
            ("Create and change deployments", Level::Change),
            ("Delete deployments", Level::Delete),
            ("Manage members and their roles", Level::Administer),
        ];
        Self {
            shell,
            nav,
            problems: Problems::default().with("wrong", "Enter a name"),
            permissions: permissions.map(|(label, level)| Permission { label: label.into(), level }).into(),
        }
    }
}
