//! Roles: what a member of an organization may do.

use serde::{Deserialize, Serialize};

pub const OWNER: &str = "owner";
pub const ADMIN: &str = "admin";
pub const MEMBER: &str = "member";
pub const VIEWER: &str = "viewer";

/// A role. The four built-in ones always exist; configuration may add others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    pub id: String,
    /// What the role may do, in words for people.
    pub description: String,
}

/// Whether this role manages its organization: its settings, its members and what they sign in with.
pub fn administers(role: &str) -> bool {
    role == OWNER || role == ADMIN
}
