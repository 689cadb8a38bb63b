//! The consent page.
//!
//! Facts are in a fixed reading order, which is also the document order: tool, user check code, device,
//! destination of the answer, origin of the request, permissions, organization, duration, and the decision
//! last. Deny is the first submit button, so that Enter never authorizes.

use askama::Template;

use crate::domain::scope::Level;
use crate::pages::shared::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "authorize/consent.html")]
pub struct ConsentPage {
    pub shell: Shell,
    /// Request id.
    pub request: String,
    pub tool: Tool,
    pub check: Check,
    /// `None` if the tool reported nothing about its device.
    pub device: Option<Device>,
    pub goes_to: Destination,
    /// `None` if unknown, or not trustworthy behind an untrusted proxy.
    pub origin: Option<NetworkOrigin>,
    pub notices: Vec<Notice>,
    pub permissions: Permissions,
    /// Labels of the strongest permissions that were not requested.
    pub not_asked: Vec<String>,
    pub organizations: Organizations,
    pub lasts: Lasts,
    /// Expiry of the request: "14:42 UTC"
    pub expires_at: String,
}

/// The client, from its registration.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Made with [`crate::pages::shared::text::name`].
    pub name: String,
    pub registration: Registration,
    /// The command that usually starts a sign-in: "orbit login". The actual command is not known.
    pub command: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    RegisteredBy(String),
    Unregistered,
}

/// Check that the page belongs to the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// The request was pushed, so page and terminal can show the same code.
    Code(String),
    /// The request was not pushed: the page can only ask.
    Started,
}

/// Claims of the tool about its device. Untrusted text, made with
/// [`crate::pages::shared::text::device_label`].
#[derive(Debug, Clone)]
pub struct Device {
    pub name: String,
    /// "macOS 15, Orbit CLI 2.14.0"
    pub about: String,
}

/// Destination of the answer.
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

/// Origin of the request, compared with the browser's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkOrigin {
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

/// Warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    DifferentNetwork,
    UnregisteredTool,
    FirstTime,
    /// The request was opened some time ago.
    Old,
    /// A device would get more than read permissions.
    Changes,
}

impl Notice {
    pub fn heading(self) -> &'static str {
        match self {
            Self::DifferentNetwork => "This device is on a different network from your browser.",
            Self::UnregisteredTool => "This tool is not registered here.",
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

/// Maximum length of an ungrouped list. Longer ones are grouped by level, so that strong permissions stand
/// out.
const MAX_UNGROUPED: usize = 6;

/// Permissions that an approval grants, strongest first.
#[derive(Debug, Clone)]
pub struct Permissions {
    /// One list if there are few, otherwise one per level.
    pub groups: Vec<PermissionGroup>,
}

#[derive(Debug, Clone)]
pub struct PermissionGroup {
    /// `None` for the one list of a few permissions.
    pub level: Option<Level>,
    pub permissions: Vec<Permission>,
    /// Whether a foldable list is unfolded.
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

    /// Whether there are permissions above read.
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

    /// Whether the list can be folded, as for level read.
    pub fn can_be_folded(&self) -> bool {
        self.level == Some(Level::Read)
    }
}

/// Organizations to choose from.
#[derive(Debug, Clone)]
pub enum Organizations {
    One(Organization),
    /// Several to choose from.
    Several {
        choices: Vec<OrganizationOption>,
        /// Whether the user has more organizations than these.
        more: bool,
    },
}

#[derive(Debug, Clone)]
pub struct Organization {
    pub id: String,
    /// Made with [`crate::pages::shared::text::name`].
    pub name: String,
    /// The user's role there.
    pub role: String,
    /// Labels of requested permissions that this role does not include, strongest first.
    pub left_out: Vec<String>,
}

/// Maximum number of named permissions.
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
pub struct OrganizationOption {
    pub organization: Organization,
    pub state: ChoiceState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceState {
    Preselected,
    Open,
    /// Why it is not selectable.
    Closed(&'static str),
}

#[derive(Debug, Clone)]
pub struct Lasts {
    /// "8 hours"
    pub access: String,
    /// Last day of a session that is renewed: "22 December 2026".
    pub renewed_until: Option<String>,
}

impl Organizations {
    /// The only organization, named in the warning and on the tile.
    fn only(&self) -> Option<&Organization> {
        match self {
            Self::One(organization) => Some(organization),
            Self::Several { .. } => None,
        }
    }
}

impl ConsentPage {
    /// Whether the user's role lacks a requested permission.
    pub fn leaves_out(&self) -> bool {
        self.organizations.only().is_some_and(|organization| !organization.left_out.is_empty())
    }

    /// "Nobody from ... will ever ask you to approve a sign-in."
    pub fn nobody_from(&self) -> &str {
        self.organizations.only().map_or(&self.shell.brand, |organization| &organization.name)
    }

    /// Caption of the terminal illustration.
    pub fn terminal_caption(&self) -> &str {
        self.device.as_ref().map_or("Your terminal", |device| &device.name)
    }

    pub fn monogram(&self) -> String {
        crate::pages::shared::text::monogram(self.nobody_from())
    }
}
