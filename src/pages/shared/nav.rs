//! The side navigation of the signed-in pages.

use crate::pages::shared::text;

/// The page that is marked as the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NavItem {
    CliSessions,
    PersonalTokens,
    ApiKeys,
    ServiceAccounts,
    ApiAccess,
    AuditLog,
    Usage,
}

/// One of the person's organizations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationLink {
    pub name: String,
    /// Where choosing it leads.
    pub href: String,
    pub current: bool,
}

#[derive(Debug, Clone)]
pub struct Nav {
    pub current: NavItem,
    pub organization: String,
    /// The `{org}` of this organization's paths.
    pub slug: String,
    /// Shown as a chooser when there is more than one.
    pub organizations: Vec<OrganizationLink>,
    pub active_sessions: i64,
    /// Whether the person may look at API keys here.
    pub sees_keys: bool,
    /// Whether the person manages this organization.
    pub administers: bool,
}

impl Nav {
    pub fn session_count(&self) -> String {
        text::number(self.active_sessions)
    }

    /// The list of one's own sessions in this organization.
    pub fn list(&self) -> String {
        self.of_this("/cli-sessions")
    }

    /// The list of the API keys of this organization; `base` is the path of the issuer.
    pub fn keys(&self, base: &str) -> String {
        format!("{base}/o/{}/keys", self.slug)
    }

    /// The list of its service accounts.
    pub fn service_accounts(&self, base: &str) -> String {
        format!("{base}/o/{}/service-accounts", self.slug)
    }

    /// A path of a page that is about one organization, with the organization where it is not the only one.
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
