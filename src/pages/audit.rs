//! `/o/{org}/audit`: who did what, and `/o/{org}/audit/uses`: what credentials were used for.

use askama::Template;

use super::nav::{Nav, Place};
use super::sessions::Pager;
use super::shell::{Shell, Theme};
use super::text::Moment;
use super::words::{Piece, Sentence};
use crate::domain::audit::Outcome;
use crate::domain::uses::UseOutcome;

#[derive(Template)]
#[template(path = "audit.html")]
pub struct AuditPage {
    pub shell: Shell,
    pub nav: Nav,
    pub filter: EventFilter,
    pub rows: Vec<EventRow>,
    pub pager: Pager,
    /// Where the filtered log comes as a file, but for the format.
    pub export: String,
    /// Whether newer events stand before this page.
    pub continued: bool,
}

/// The filters as they were typed.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub actor: String,
    /// What may be chosen, and whether it is.
    pub actions: Vec<(&'static str, &'static str, bool)>,
    pub outcome: Option<Outcome>,
    pub credential: String,
    pub since: String,
    pub until: String,
}

/// One event.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub at: Moment,
    pub words: Sentence,
    pub refused: bool,
    pub address: Option<String>,
    /// What else is known, by its name.
    pub facts: Vec<(&'static str, String)>,
    /// What the action has noted besides.
    pub details: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "uses.html")]
pub struct UsesPage {
    pub shell: Shell,
    pub nav: Nav,
    pub filter: UseFilter,
    pub rows: Vec<UseRow>,
    pub pager: Pager,
    pub continued: bool,
    /// "90 days", unless this server logs no uses.
    pub kept: Option<String>,
}

/// The filters as they were typed.
#[derive(Debug, Clone, Default)]
pub struct UseFilter {
    pub credential: String,
    pub outcome: Option<UseOutcome>,
    pub since: String,
    pub until: String,
}

/// One use of a credential.
#[derive(Debug, Clone)]
pub struct UseRow {
    pub at: Moment,
    pub credential: String,
    pub credential_id: String,
    pub owner: String,
    pub endpoint: String,
    pub outcome: UseOutcome,
    pub status: i64,
    pub address: Option<String>,
}

impl AuditPage {
    fn path(&self) -> String {
        format!("{}/o/{}/audit", self.shell.base, self.nav.slug)
    }

    fn outcomes(&self) -> [(&'static str, &'static str, bool); 2] {
        [(Outcome::Success, "Done"), (Outcome::Refused, "Refused")]
            .map(|(outcome, word)| (outcome.as_str(), word, self.filter.outcome == Some(outcome)))
    }
}

impl UsesPage {
    fn path(&self) -> String {
        format!("{}/o/{}/audit/uses", self.shell.base, self.nav.slug)
    }

    fn events(&self) -> String {
        format!("{}/o/{}/audit", self.shell.base, self.nav.slug)
    }

    fn outcomes(&self) -> [(&'static str, &'static str, bool); 2] {
        [(UseOutcome::Allowed, "Allowed"), (UseOutcome::Denied, "Denied")]
            .map(|(outcome, word)| (outcome.as_str(), word, self.filter.outcome == Some(outcome)))
    }
}
