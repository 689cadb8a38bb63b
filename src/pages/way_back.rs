//! `/authorize/return`: carries the answer to the tool.
//!
//! The page moves on by itself with a meta refresh. A redirect from the form would be blocked: browsers hold redirects
//! of a form to `form-action`, which cannot name an IPv6 loopback address.

use askama::Template;

use super::shell::{Shell, Theme};
use super::words::{Piece, Sentence};

#[derive(Template)]
#[template(path = "way_back.html")]
pub struct WayBackPage {
    pub shell: Shell,
    /// The registered redirect address with the answer in its query.
    pub target: String,
    pub answer: Answer,
    pub destination: Destination,
}

/// Who waits for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A program on this computer.
    Terminal,
    /// "orbit.dev"
    Website(String),
    /// Whatever the system opens for the tool's own scheme.
    App(String),
}

/// What the tool is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Authorized {
        tool: String,
        organization: String,
    },
    Denied,
    /// The person's role in this organization holds nothing of what was requested.
    RoleTooSmall {
        organization: String,
    },
    NoOrganization,
    PersonalTokensOff {
        organization: String,
    },
    /// Anything else that ends the request: nothing was given.
    Refused {
        what: &'static str,
    },
}

impl WayBackPage {
    pub fn tab_title(&self) -> &'static str {
        match self.destination {
            _ if !self.answer.given() => "Nothing was given",
            Destination::Terminal => "You can return to your terminal",
            Destination::Website(_) | Destination::App(_) => "You are going back",
        }
    }

    pub fn title(&self) -> Sentence {
        match &self.destination {
            Destination::Terminal if self.answer.given() => "You can return to your terminal".into(),
            Destination::Website(host) => Sentence::from("You are going back to ").name(host),
            Destination::App(tool) => Sentence::from("You are going back to ").name(tool),
            Destination::Terminal => "Nothing was given".into(),
        }
    }

    pub fn still_waiting(&self) -> &'static str {
        match self.destination {
            Destination::Terminal => "Terminal still waiting?",
            Destination::Website(_) | Destination::App(_) => "Still here?",
        }
    }

    pub fn what(&self) -> Sentence {
        let told = match self.destination {
            Destination::Terminal => " Your terminal has been told.",
            Destination::Website(_) => " The website has been told.",
            Destination::App(_) => " The tool has been told.",
        };
        match &self.answer {
            Answer::Authorized { tool, organization } => Sentence::from("You authorized ")
                .name(tool)
                .text(" to act as you in ")
                .name(organization)
                .text("."),
            Answer::Denied => Sentence::from("You chose Deny and the request is ended.").text(told),
            Answer::RoleTooSmall { organization } => Sentence::from("Your role in ")
                .name(organization)
                .text(" does not hold what was requested.")
                .text(told),
            Answer::NoOrganization => Sentence::from("You belong to no organization.").text(told),
            Answer::PersonalTokensOff { organization } => Sentence::default()
                .name(organization)
                .text(" does not allow command-line sign-in.")
                .text(told),
            Answer::Refused { what } => Sentence::from(*what).text(told),
        }
    }
}

impl Answer {
    pub fn given(&self) -> bool {
        matches!(self, Self::Authorized { .. })
    }
}
