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

/// The permissions to choose from.
#[derive(Debug, Clone)]
pub struct PermissionChoices {
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

impl LevelChoices {
    pub fn heading(&self) -> &'static str {
        match self.level {
            Level::Read => "To read",
            Level::Change => "To change",
            Level::Delete => "To delete",
            Level::Administer => "To administer",
        }
    }
}

impl EndChoices {
    pub fn is(&self, value: &str) -> bool {
        self.chosen == value
    }
}
