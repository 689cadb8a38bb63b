//! Roles of members.

use serde::{Deserialize, Serialize};

pub const OWNER: &str = "owner";
pub const ADMIN: &str = "admin";
pub const MEMBER: &str = "member";
pub const VIEWER: &str = "viewer";

/// A role. Four are built in; the configuration may add others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub id: String,
    /// Description of what the role may do, for people.
    pub description: String,
}

/// Whether this role manages its organization: settings, members and their credentials.
pub fn administers(role: &str) -> bool {
    role == OWNER || role == ADMIN
}
