//! `/oauth/authorize`: the question whether a tool may act as the person.
//!
//! The facts stand in a fixed reading order, which is also the order of the document: who asks, what the terminal must
//! show, the device, where the answer goes, where the request came from, what it may do, in which organization, for how
//! long, and the decision last. Deny is the first submit button, so that Enter never authorizes.

use askama::Template;

use crate::domain::scope::Level;
use crate::pages::shared::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "authorize/consent.html")]
pub struct ConsentPage {
    pub shell: Shell,
    /// The handle of the request.
    pub request: String,
    pub tool: Tool,
    pub check: Check,
    /// `None`: the tool reported nothing about its device.
    pub device: Option<Device>,
    pub goes_to: Destination,
    /// `None`: unknown, or not to be trusted behind this proxy.
    pub origin: Option<Origin>,
    pub notices: Vec<Notice>,
    pub permissions: Permissions,
    /// The strongest things that the tool did not ask for, in the catalog's words.
    pub not_asked: Vec<String>,
    pub organizations: Organizations,
    pub lasts: Lasts,
    /// When the request ends: "14:42 UTC"
    pub expires_at: String,
}

/// The client, as its record says.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Made with [`crate::pages::shared::text::name`].
    pub name: String,
    pub registration: Registration,
    /// The command that usually starts a sign-in: "orbit login". Which one of the tool's commands did start this one is
    /// not known.
    pub command: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    RegisteredBy(String),
    Unregistered,
}

/// What ties the page to the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The tool pushed its request, so both sides can show the same code.
    Code(String),
    /// It did not: all the page can do is ask.
    Started,
}

/// What the tool says about its device. Hostile text: made with [`crate::pages::shared::text::device_label`].
#[derive(Debug, Clone)]
pub struct Device {
    pub name: String,
    /// "macOS 15, Orbit CLI 2.14.0"
    pub about: String,
}

/// Where the answer goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    Loopback {
        /// "127.0.0.1"
        address: String,
        port: u16,
    },
    Website {
        host: String,
    },
    App {
        /// "com.example.orbit"
        scheme: String,
    },
    Code,
}

/// Where the request came from, beside where the browser is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    SameNetwork {
        address: String,
        /// "today at 14:32 UTC"
        at: String,
    },
    DifferentNetwork {
        device: String,
        browser: String,
        at: String,
    },
}

/// What deserves a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    DifferentNetwork,
    UnregisteredTool,
    FirstTime,
    /// The request has been open for a while.
    Old,
    /// A device would get more than reading.
    Changes,
}

impl Notice {
    pub fn heading(self) -> &'static str {
        match self {
            Self::DifferentNetwork => "This device is on a different network from your browser.",
            Self::UnregisteredTool => "Nobody has registered this tool here.",
            Self::FirstTime => "You have not used this tool here before.",
            Self::Old => "This request was made more than 2 minutes ago.",
            Self::Changes => "It could change things, not only read them.",
        }
    }

    pub fn text(self) -> &'static str {
        match self {
            Self::DifferentNetwork => {
                "That is normal if you reach it over SSH. It is a warning sign if someone sent you a link or a code."
            }
            Self::UnregisteredTool => "It chose its name itself.",
            Self::FirstTime => "Continue only if you meant to sign in with it.",
            Self::Old => "If it is not yours, say no.",
            Self::Changes => "Say yes only if the device needs that.",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Permission {
    pub label: String,
    pub level: Level,
}

/// More permissions than this are grouped by level, so that the strong ones are not lost among the others.
const MAX_UNGROUPED: usize = 6;

/// What a yes gives, what reaches furthest first.
#[derive(Debug, Clone)]
pub struct Permissions {
    /// One list if there are few, else one list for each level.
    pub groups: Vec<PermissionGroup>,
}

#[derive(Debug, Clone)]
pub struct PermissionGroup {
    /// `None` for the one list of a few permissions.
    pub level: Option<Level>,
    pub permissions: Vec<Permission>,
    /// Whether a list that can be folded is not.
    pub open: bool,
}

impl Permissions {
    pub fn new(mut permissions: Vec<Permission>) -> Self {
        permissions.sort_by_key(|permission| std::cmp::Reverse(permission.level));
        if permissions.len() <= MAX_UNGROUPED {
            return Self { groups: vec![PermissionGroup { level: None, permissions, open: true }] };
        }
        let only_reads = permissions.iter().all(|permission| permission.level == Level::Read);
        let groups = permissions.chunk_by(|one, other| one.level == other.level);
        let group = |of: &[Permission]| PermissionGroup {
            level: of.first().map(|permission| permission.level),
            permissions: of.to_vec(),
            open: only_reads,
        };
        Self { groups: groups.map(group).collect() }
    }

    /// Whether there is more to it than reading.
    pub fn change_something(&self) -> bool {
        let mut all = self.groups.iter().flat_map(|group| &group.permissions);
        all.any(|permission| permission.level > Level::Read)
    }
}

impl PermissionGroup {
    pub fn count_words(&self) -> String {
        let count = i64::try_from(self.permissions.len()).unwrap_or(i64::MAX);
        crate::pages::shared::text::count(count, "permission", "permissions")
    }

    /// Whether the list is folded behind its count, as the reads are.
    pub fn can_be_folded(&self) -> bool {
        self.level == Some(Level::Read)
    }
}

/// Where the tool may act.
#[derive(Debug, Clone)]
pub enum Organizations {
    One(Organization),
    /// The person chooses.
    Several(Vec<Choice>),
}

#[derive(Debug, Clone)]
pub struct Organization {
    pub id: String,
    /// Made with [`crate::pages::shared::text::name`].
    pub name: String,
    /// The person's role there.
    pub role: String,
    /// What was asked for and this role does not hold, in the catalog's words, what reaches furthest first.
    pub left_out: Vec<String>,
}

/// How many of the things that are left out are named.
const MAX_NAMED: usize = 5;

impl Organization {
    /// "delete deployments, manage members and 12 more"
    pub fn left_out_words(&self) -> String {
        let (named, rest) = self.left_out.split_at(self.left_out.len().min(MAX_NAMED));
        let named = named.join(", ");
        if rest.is_empty() { named } else { format!("{named} and {} more", rest.len()) }
    }
}

#[derive(Debug, Clone)]
pub struct Choice {
    pub organization: Organization,
    pub state: ChoiceState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceState {
    Preselected,
    Open,
    /// Why it cannot be chosen.
    Closed(&'static str),
}

#[derive(Debug, Clone)]
pub struct Lasts {
    /// "8 hours"
    pub access: String,
    /// The last day of a session that renews itself: "22 December 2026".
    pub renewed_until: Option<String>,
}

impl Organizations {
    /// In whose name the warning speaks, and the tile at the top.
    fn only(&self) -> Option<&Organization> {
        match self {
            Self::One(organization) => Some(organization),
            Self::Several(_) => None,
        }
    }
}

impl ConsentPage {
    /// Whether the role of the person leaves something out of what was asked for.
    pub fn leaves_out(&self) -> bool {
        self.organizations.only().is_some_and(|organization| !organization.left_out.is_empty())
    }

    /// "Nobody from ... will ever ask you to approve a sign-in."
    pub fn nobody_from(&self) -> &str {
        self.organizations.only().map_or(&self.shell.brand, |organization| &organization.name)
    }

    /// The title bar of the drawn terminal.
    pub fn terminal_caption(&self) -> &str {
        self.device.as_ref().map_or("Your terminal", |device| &device.name)
    }

    pub fn monogram(&self) -> String {
        crate::pages::shared::text::monogram(self.nobody_from())
    }
}
