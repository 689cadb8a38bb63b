//! `/` and `/cli-sessions`: the tools that act as the signed-in person.

use askama::Template;

use super::nav::{Nav, Place};
use super::problems::Problems;
use super::shell::{Shell, Theme};
use super::text::{self, Moment};
use crate::domain::scope::Level;

#[derive(Template)]
#[template(path = "sessions.html")]
pub struct SessionsPage {
    pub shell: Shell,
    pub nav: Nav,
    pub numbers: Numbers,
    pub filter: Filter,
    pub listing: Listing,
    pub pager: Pager,
    /// "orbit login"
    pub login_command: String,
}

/// The four numbers at the top.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    pub active: i64,
    pub used_in_14_days: i64,
    pub never_used: i64,
    /// When the next session ends ("In 2 days"), and on which device.
    pub next_end: Option<(String, String)>,
}

#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub query: String,
    pub state: StateFilter,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StateFilter {
    #[default]
    Active,
    /// The time ran out.
    Expired,
    /// Signed out or revoked.
    Ended,
    All,
}

impl StateFilter {
    pub const ALL: [Self; 4] = [Self::Active, Self::Expired, Self::Ended, Self::All];

    pub fn value(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::All => "all",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Expired => "Expired",
            Self::Ended => "Ended",
            Self::All => "All",
        }
    }

    /// What the query string names; anything else is the default.
    pub fn from_value(value: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.value() == value).unwrap_or_default()
    }
}

#[derive(Debug, Clone)]
pub enum Listing {
    /// No tool was ever signed in.
    NoneYet,
    NoneMatch,
    Cards(Vec<Card>),
}

/// One session.
#[derive(Debug, Clone)]
pub struct Card {
    /// As in the paths: `ses_9fK2`
    pub id: String,
    /// The name that the person gave it, else the device's.
    pub name: String,
    /// The registered name of the client.
    pub tool: String,
    /// What the tool said of itself and its device: "orbit 2.14.0, macOS 15". `None` if it said nothing.
    pub claimed: Option<String>,
    pub kind: DeviceKind,
    pub usage: Usage,
    pub last_used: Option<LastUse>,
    /// Where the sign-in was asked from, for a session that was never used.
    pub asked_from: String,
    pub end: End,
    /// How often it renewed its access.
    pub renewals: i64,
    pub permissions: Vec<CardPermission>,
    /// "Signed in on 22 November 2026 at 14:33 UTC, in a browser."
    pub history: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    Laptop,
    Server,
    Unknown,
}

/// The tag beside the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// "Used 4 minutes ago", within the last day.
    Lately(String),
    /// "Used 12 days ago"
    Before(String),
    /// "Ends in 2 days"
    EndsSoon(String),
    /// Signed in within the last day, and not used since.
    NotYet,
    Never,
    Expired,
    SignedOut,
    /// The organization turned personal tokens off.
    Suspended,
}

#[derive(Debug, Clone)]
pub struct LastUse {
    pub address: String,
    pub at: Moment,
    /// `None` where the addresses cannot be compared.
    pub same_network: Option<bool>,
}

#[derive(Debug, Clone)]
pub enum End {
    /// The session still lives.
    Ahead {
        at: Moment,
        /// "90 days"
        idle: String,
    },
    Past {
        at: Moment,
    },
}

/// A permission in the short words of its tag: "Change deployments".
#[derive(Debug, Clone)]
pub struct CardPermission {
    pub words: String,
    pub level: Level,
}

#[derive(Debug, Clone, Default)]
pub struct Pager {
    pub newer: Option<String>,
    pub older: Option<String>,
}

impl Numbers {
    fn shown(&self) -> [(&'static str, String); 3] {
        [
            ("Active sessions", text::number(self.active)),
            ("Used, 14 days", text::number(self.used_in_14_days)),
            ("Never used", text::number(self.never_used)),
        ]
    }
}

impl Card {
    pub fn is_live(&self) -> bool {
        matches!(self.end, End::Ahead { .. })
    }

    pub fn renewal_count(&self) -> String {
        text::count(self.renewals, "time", "times")
    }

    pub fn permission_count(&self) -> String {
        let n = i64::try_from(self.permissions.len()).unwrap_or(i64::MAX);
        text::count(n, "permission", "permissions")
    }
}

/// `/cli-sessions/{id}/rename`
#[derive(Template)]
#[template(path = "rename.html")]
pub struct RenamePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub id: String,
    /// The name as it stands.
    pub current: String,
    /// The name as typed.
    pub name: String,
}
