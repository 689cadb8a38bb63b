//! `/denied`: where a tool sends the browser once it has learned that it gets nothing.
//!
//! A person who has just stopped an attack reads here what to do about it. Anybody can open the address, so it tells only
//! of a request that this browser has just ended.

use askama::Template;

use super::shell::{Shell, Theme};

#[derive(Template)]
#[template(path = "denied.html")]
pub struct DeniedPage {
    pub shell: Shell,
    /// `None`: this browser has ended none lately, as when the organization stopped a sign-in after its approval.
    pub request: Option<EndedRequest>,
    /// "orbit login"
    pub login_command: String,
}

/// A request that got nothing.
#[derive(Debug, Clone)]
pub struct EndedRequest {
    /// The registered name of the client.
    pub tool: String,
    /// Made with [`super::text::device_label`].
    pub device: Option<String>,
    /// The address that the tool asked from, if it called the server itself.
    pub asked_from: Option<String>,
    /// "today at 14:32 UTC"
    pub asked_at: String,
    pub why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The person chose Deny.
    Denied,
    /// The person's role in this organization holds nothing of what was requested.
    RoleTooSmall(String),
    NoOrganization,
    /// Personal tokens are off for this organization.
    PersonalTokensOff(String),
}

impl DeniedPage {
    fn was_denied(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.why == Why::Denied)
    }
}
