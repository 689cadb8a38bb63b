//! `/o/{org}/settings/api-access`: the organization's switch for personal tokens, and how its members may sign in.

use askama::Template;

use super::concerned::Concerned;
use super::nav::{Nav, Place};
use super::sessions::Pager;
use super::shell::{Shell, Theme};
use super::text::{self, Moment};
use crate::domain::key_policy::TokenCreators;
use crate::domain::policy::DeviceFlow;

#[derive(Template)]
#[template(path = "api_access.html")]
pub struct ApiAccessPage {
    pub shell: Shell,
    pub nav: Nav,
    pub personal_tokens: Switch,
    /// What the switch concerns.
    pub concerned: Concerned,
    pub last_change: Option<Change>,
    pub device_flow: DeviceFlow,
    /// Whether members may copy a code into a terminal.
    pub copy_code: bool,
    pub keys: Keys,
    /// A page of the living sessions of the organization.
    pub rows: Vec<Row>,
    pub pager: Pager,
}

/// The switch for API keys, and the limits on keys and personal tokens.
#[derive(Debug, Clone)]
pub struct Keys {
    pub on: bool,
    /// The keys that the switch concerns.
    pub living: i64,
    /// Whether a key may be without permissions of its own.
    pub unrestricted: bool,
    pub key_lifetimes: Vec<LifetimeChoice>,
    pub token_creators: TokenCreators,
    pub token_lifetimes: Vec<LifetimeChoice>,
}

/// A longest life to choose.
#[derive(Debug, Clone)]
pub struct LifetimeChoice {
    /// In seconds.
    pub value: String,
    /// "90 days"
    pub words: String,
    pub chosen: bool,
}

impl Keys {
    /// What turning the switch does, in numbers.
    pub fn effect(&self) -> String {
        let keys = text::count(self.living, "key", "keys");
        match (self.on, self.living) {
            (true, 0) => "Nothing uses one now.".into(),
            (true, _) => format!("Turning this off stops {keys}."),
            (false, 0) => "No earlier key is waiting for it.".into(),
            (false, _) => format!("Turning this on makes {keys} work again."),
        }
    }
}

/// A session as whoever manages the organization sees it.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: String,
    pub person: String,
    pub device: String,
    /// The registered name of the client.
    pub tool: String,
    /// What the tool said that it is.
    pub claimed: Option<String>,
    pub last_used: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone)]
pub struct Change {
    pub by: String,
    pub at: Moment,
}

impl ApiAccessPage {
    pub fn device_flows(&self) -> [(DeviceFlow, &'static str, &'static str); 3] {
        [
            (DeviceFlow::On, "Anywhere", "The page tells people when the device is on another network."),
            (
                DeviceFlow::SameNetwork,
                "On the same network",
                "Only in a browser on the network from which the device asked.",
            ),
            (DeviceFlow::Off, "Nowhere", "Tools on machines without a browser need another way to sign in."),
        ]
    }

    /// The page that asks once more.
    pub fn link(&self, to: &str) -> String {
        format!("{}/o/{}/settings/api-access/personal-tokens/{to}", self.shell.base, self.nav.slug)
    }

    /// The same for API keys.
    pub fn keys_link(&self, to: &str) -> String {
        format!("{}/o/{}/settings/api-access/api-keys/{to}", self.shell.base, self.nav.slug)
    }

    pub fn revoke_all_link(&self) -> String {
        format!("{}/o/{}/settings/api-access/revoke-all", self.shell.base, self.nav.slug)
    }

    /// What turning the switch does, in numbers.
    pub fn effect(&self) -> String {
        let words = self.concerned.words();
        match (self.personal_tokens, self.concerned.is_empty()) {
            (Switch::On, true) => "Nobody has a session or a personal token now.".into(),
            (Switch::On, false) => format!("Turning this off stops {words}."),
            (Switch::Off, true) => "No earlier session or personal token is waiting for it.".into(),
            (Switch::Off, false) => format!("Turning this on makes {words} work again."),
        }
    }
}
