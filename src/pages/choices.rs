//! What is chosen when a key or a token is made: permissions and the end. The state of each box is as it was left.

use crate::domain::scope::Level;

/// The state of a box to tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    Off,
    On,
    /// Not for this person to give.
    Closed,
}

impl Tick {
    pub fn of(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }

    pub fn is_on(self) -> bool {
        self == Self::On
    }

    pub fn is_closed(self) -> bool {
        self == Self::Closed
    }
}

/// What permissions are chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A key or a token to be.
    New,
    /// A key that has permissions already.
    Change,
}

/// The permissions to choose from.
#[derive(Debug, Clone)]
pub struct PermissionChoices {
    pub purpose: Purpose,
    /// Whether a key may be without permissions of its own, and whether this one shall be.
    pub unrestricted: Option<bool>,
    pub bundles: Vec<BundleChoice>,
    /// The weakest first.
    pub levels: Vec<LevelChoices>,
}

/// Permissions that go well together.
#[derive(Debug, Clone)]
pub struct BundleChoice {
    pub id: String,
    pub label: String,
    /// "not recommended for new integrations"
    pub note: Option<String>,
    pub scopes: Vec<String>,
    pub tick: Tick,
}

/// The permissions that reach equally far.
#[derive(Debug, Clone)]
pub struct LevelChoices {
    pub level: Level,
    pub permissions: Vec<PermissionChoice>,
}

#[derive(Debug, Clone)]
pub struct PermissionChoice {
    pub id: String,
    pub label: String,
    /// The roles that hold it.
    pub roles: Vec<String>,
    pub tick: Tick,
}

/// When it may end.
#[derive(Debug, Clone)]
pub struct EndChoices {
    /// "90 days", with the value of its button.
    pub lengths: Vec<(String, String)>,
    pub never: bool,
    /// The value of the button that is chosen.
    pub chosen: String,
    /// The date as it was typed.
    pub date: String,
    /// "365 days", if that is the most.
    pub most: Option<String>,
}

/// The values of the buttons beside the lengths.
pub const ON_A_DATE: &str = "date";
pub const NEVER: &str = "never";

impl PermissionChoices {
    pub fn bundles_heading(&self) -> &'static str {
        match self.purpose {
            Purpose::New => "In bundles",
            Purpose::Change => "Add a bundle",
        }
    }

    /// Why the box of a permission is closed.
    pub fn why_closed(&self) -> &'static str {
        match self.purpose {
            Purpose::New => "Your role does not hold it.",
            Purpose::Change => "Your role or its owner’s does not hold it.",
        }
    }

    /// Why the box of a bundle is closed.
    pub fn why_bundle_closed(&self) -> &'static str {
        match self.purpose {
            Purpose::New => "Your role does not hold all of them.",
            Purpose::Change => "Your role or its owner’s does not hold all of them.",
        }
    }
}

impl LevelChoices {
    pub fn heading(&self) -> &'static str {
        match self.level {
            Level::Read => "To read",
            Level::Change => "To change",
            Level::Delete => "To delete",
            Level::Administer => "To administer",
        }
    }

    /// Whether there are enough of them for a box that ticks the others.
    pub fn has_box_for_all(&self) -> bool {
        const MANY: usize = 3;
        self.permissions.iter().filter(|permission| !permission.tick.is_closed()).count() >= MANY
    }
}

impl EndChoices {
    pub fn is(&self, value: &str) -> bool {
        self.chosen == value
    }
}
