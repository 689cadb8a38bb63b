//! API keys and personal tokens as lists show them: everything but their secrets.

use super::text::{self, Moment};
use crate::domain::scope::Level;
use crate::domain::static_secret::Mode;

/// A key or a token.
#[derive(Debug, Clone)]
pub struct CredentialCard {
    pub name: String,
    /// `acme_live_…Wq3f`
    pub shown: String,
    /// Of keys alone.
    pub mode: Option<Mode>,
    pub state: State,
    pub granted: Granted,
    /// Whose it is. Nothing for tokens, which are always one's own.
    pub owner: Option<Owner>,
    pub last_used: Option<LastUse>,
    pub end: End,
    pub made_at: Moment,
    pub made_by: String,
    /// From where it may be used; empty for everywhere.
    pub addresses: Vec<String>,
    /// The pages of what can be done to it, where something can.
    pub permissions: Option<String>,
    pub rotate: Option<String>,
    pub revoke: Option<String>,
}

/// The tag beside the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// "Used 4 minutes ago", within the last day.
    Lately(String),
    /// "Used 12 days ago"
    Before(String),
    Never,
    /// "Ends in 2 days"
    EndsSoon(String),
    /// The organization does not allow it now.
    Suspended,
    Expired,
    Revoked,
    /// Another key took its place.
    Replaced,
}

/// What it may do.
#[derive(Debug, Clone)]
pub enum Granted {
    Unrestricted,
    Permissions(Vec<CardPermission>),
}

/// A permission in words, with its id.
#[derive(Debug, Clone)]
pub struct CardPermission {
    pub id: String,
    pub words: String,
    pub level: Level,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    You,
    Person(String),
    ServiceAccount(String),
}

#[derive(Debug, Clone)]
pub struct LastUse {
    pub at: Moment,
    pub address: Option<String>,
}

#[derive(Debug, Clone)]
pub enum End {
    Never,
    Ahead(Moment),
    Past(Moment),
}

impl Granted {
    pub fn words(&self) -> String {
        match self {
            Self::Unrestricted => "Unrestricted".to_owned(),
            Self::Permissions(permissions) => {
                let n = i64::try_from(permissions.len()).unwrap_or(i64::MAX);
                text::count(n, "permission", "permissions")
            }
        }
    }

    pub fn is_unrestricted(&self) -> bool {
        match self {
            Self::Unrestricted => true,
            Self::Permissions(_) => false,
        }
    }

    pub fn permissions(&self) -> &[CardPermission] {
        match self {
            Self::Unrestricted => &[],
            Self::Permissions(permissions) => permissions,
        }
    }
}

impl CredentialCard {
    pub fn mode_word(&self) -> Option<&'static str> {
        self.mode.map(|mode| match mode {
            Mode::Live => "Live",
            Mode::Test => "Test",
        })
    }
}
