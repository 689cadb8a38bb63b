//! The page between a destructive button and what it does.

use askama::Template;

use super::nav::{Nav, Place};
use super::shell::{Shell, Theme};
use super::text;
use super::words::{Piece, Sentence};

#[derive(Template)]
#[template(path = "confirm.html")]
pub struct ConfirmPage {
    pub shell: Shell,
    pub nav: Nav,
    pub question: Question,
}

/// What is to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    SignOut { id: String, name: String, tool: String, login_command: String },
    SignOutEverywhere { sessions: i64, login_command: String },
    PersonalTokensOff { slug: String, organization: String, sessions: i64, people: i64 },
    PersonalTokensOn { slug: String, organization: String, sessions: i64, people: i64 },
}

impl Question {
    pub fn tab(&self) -> &'static str {
        match self {
            Self::SignOut { .. } => "Sign out a session?",
            Self::SignOutEverywhere { .. } => "Sign out everywhere?",
            Self::PersonalTokensOff { .. } => "Turn personal tokens off?",
            Self::PersonalTokensOn { .. } => "Turn personal tokens on?",
        }
    }

    pub fn title(&self) -> Sentence {
        match self {
            Self::SignOut { name, .. } => Sentence::from("Sign out ").name(name).text("?"),
            Self::SignOutEverywhere { .. } => self.tab().into(),
            Self::PersonalTokensOff { organization, .. } => {
                Sentence::from("Turn personal tokens off for ").name(organization).text("?")
            }
            Self::PersonalTokensOn { organization, .. } => {
                Sentence::from("Turn personal tokens on for ").name(organization).text("?")
            }
        }
    }

    /// What happens at once, in numbers where there are some, and how to undo it.
    pub fn effect(&self) -> Vec<Sentence> {
        match self {
            Self::SignOut { tool, login_command, .. } => vec![
                Sentence::default()
                    .name(tool)
                    .text(" there stops working now. What it is running may fail. You can sign in again with ")
                    .code(login_command)
                    .text("."),
            ],
            Self::SignOutEverywhere { sessions, login_command } => vec![
                Sentence::from("This ends ")
                    .text(text::count(*sessions, "session", "sessions"))
                    .text(" now. Tools that are running may fail. You can sign in again with ")
                    .code(login_command)
                    .text("."),
                "This browser stays signed in.".into(),
            ],
            Self::PersonalTokensOff { sessions, people, .. } => vec![
                Sentence::from("Turning this off stops ").text(sessions_of_people(*sessions, *people)).text("."),
                "Every tool gets the answer 403 from now on, and nobody can sign one in. API keys keep working.".into(),
                "Nothing is deleted: turning it on again makes the same sessions work.".into(),
            ],
            Self::PersonalTokensOn { sessions, people, .. } => vec![
                Sentence::from("Members can sign in command-line tools again. ")
                    .text(match sessions {
                        0 => "No earlier session is waiting for it.".to_owned(),
                        _ => format!("{} start to work again.", sessions_of_people(*sessions, *people)),
                    }),
            ],
        }
    }

    /// Where the form goes, behind the path of the issuer.
    pub fn action(&self) -> String {
        match self {
            Self::SignOut { id, .. } => format!("/cli-sessions/{id}/end"),
            Self::SignOutEverywhere { .. } => "/cli-sessions/end-all".into(),
            Self::PersonalTokensOff { slug, .. } | Self::PersonalTokensOn { slug, .. } => {
                format!("/o/{slug}/settings/api-access")
            }
        }
    }

    /// The field that says what to do, where the address does not.
    pub fn choice(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::SignOut { .. } | Self::SignOutEverywhere { .. } => None,
            Self::PersonalTokensOff { .. } => Some(("personal_tokens", "off")),
            Self::PersonalTokensOn { .. } => Some(("personal_tokens", "on")),
        }
    }

    /// Where "Keep it" leads, behind the path of the issuer.
    pub fn back(&self) -> String {
        match self {
            Self::SignOut { .. } | Self::SignOutEverywhere { .. } => "/cli-sessions".into(),
            Self::PersonalTokensOff { .. } | Self::PersonalTokensOn { .. } => self.action(),
        }
    }

    pub fn keep(&self) -> &'static str {
        match self {
            Self::SignOut { .. } => "Keep it",
            Self::SignOutEverywhere { .. } => "Keep them",
            Self::PersonalTokensOff { .. } => "Leave them on",
            Self::PersonalTokensOn { .. } => "Leave them off",
        }
    }

    /// The button that does it: verb and object.
    pub fn act(&self) -> Sentence {
        match self {
            Self::SignOut { name, .. } => Sentence::from("Sign out ").name(name),
            Self::SignOutEverywhere { .. } => "Sign out everywhere".into(),
            Self::PersonalTokensOff { .. } => "Turn them off".into(),
            Self::PersonalTokensOn { .. } => "Turn them on".into(),
        }
    }

    pub fn is_dangerous(&self) -> bool {
        !matches!(self, Self::PersonalTokensOn { .. })
    }
}

/// "14 sessions of 9 people"
pub(super) fn sessions_of_people(sessions: i64, people: i64) -> String {
    format!("{} of {}", text::count(sessions, "session", "sessions"), text::count(people, "person", "people"))
}
