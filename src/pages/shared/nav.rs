//! The side navigation of the signed-in pages.

use crate::pages::shared::text;

/// Navigation item of the current page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NavItem {
    CliSessions,
    PersonalTokens,
    Security,
    ApiKeys,
    Members,
    ServiceAccounts,
    Invitations,
    General,
    ApiAccess,
    AuditLog,
    Usage,
    /// A page without an entry in the navigation.
    Organizations,
}

/// One of the user's organizations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationLink {
    pub name: String,
    /// Target of the link.
    pub href: String,
    pub current: bool,
}

#[derive(Debug, Clone)]
pub struct Nav {
    pub current: NavItem,
    pub organization: String,
    /// Slug of this organization.
    pub slug: String,
    /// Shown as a chooser if there are several. A few: a page lists and searches all.
    pub organizations: Vec<OrganizationLink>,
    pub active_sessions: i64,
    /// Whether the user may see API keys here.
    pub sees_keys: bool,
    /// Whether the user manages this organization.
    pub administers: bool,
    /// Whether the user is an owner of it.
    pub owns: bool,
}

impl Nav {
    pub fn session_count(&self) -> String {
        text::number(self.active_sessions)
    }

    /// Path of the user's own sessions in this organization.
    pub fn list(&self) -> String {
        self.of_this("/cli-sessions")
    }

    /// Path of this organization's API keys; `base` is the issuer's path.
    pub fn keys(&self, base: &str) -> String {
        format!("{base}/o/{}/keys", self.slug)
    }

    /// Path of its members.
    pub fn members(&self, base: &str) -> String {
        format!("{base}/o/{}/members", self.slug)
    }

    /// Path of its service accounts.
    pub fn service_accounts(&self, base: &str) -> String {
        format!("{base}/o/{}/service-accounts", self.slug)
    }

    /// Path of its open invitations.
    pub fn invitations(&self, base: &str) -> String {
        format!("{base}/o/{}/invitations", self.slug)
    }

    /// Path of its name, and of what else only owners decide.
    pub fn general(&self, base: &str) -> String {
        format!("{base}/o/{}/settings", self.slug)
    }

    /// Path of the form that invites.
    pub fn invite(&self, base: &str) -> String {
        format!("{base}/o/{}/members/invite", self.slug)
    }

    /// Adds the organization to the path if it is not the user's only one.
    pub fn of_this(&self, path: &str) -> String {
        if self.has_choice() { format!("{path}?org={}", self.slug) } else { path.to_owned() }
    }

    pub fn has_choice(&self) -> bool {
        self.organizations.len() > 1
    }

    pub fn is(&self, place: NavItem) -> bool {
        self.current == place
    }
}
