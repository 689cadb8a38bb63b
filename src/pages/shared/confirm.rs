//! Confirmation page of a destructive action.

use askama::Template;

use crate::pages::shared::affected_credentials::AffectedCredentials;
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::shared::words::{Piece, Sentence};

#[derive(Template)]
#[template(path = "shared/confirm.html")]
pub struct ConfirmPage {
    pub shell: Shell,
    pub nav: Nav,
    pub question: Question,
}

/// The action to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    SignOut {
        id: String,
        name: String,
        tool: String,
        login_command: String,
    },
    /// Another user's session, by an admin.
    SignOutOther {
        id: String,
        name: String,
        tool: String,
        person: String,
        slug: String,
    },
    /// `organization` is named if the user has several.
    SignOutEverywhere {
        slug: String,
        organization: Option<String>,
        sessions: i64,
        login_command: String,
    },
    SignOutOtherBrowsers,
    RevokeAll {
        slug: String,
        organization: String,
        concerned: AffectedCredentials,
        login_command: String,
    },
    PersonalTokensOff {
        slug: String,
        organization: String,
        concerned: AffectedCredentials,
    },
    PersonalTokensOn {
        slug: String,
        organization: String,
        concerned: AffectedCredentials,
    },
    ApiKeysOff {
        slug: String,
        organization: String,
        keys: i64,
    },
    ApiKeysOn {
        slug: String,
        organization: String,
        keys: i64,
    },
    RevokeKey {
        slug: String,
        id: String,
        name: String,
        /// `acme_live_…Wq3f`
        shown: String,
        /// "4 minutes ago"
        last_used: Option<String>,
    },
    DisableServiceAccount {
        slug: String,
        id: String,
        name: String,
        keys: i64,
    },
    RevokeToken {
        slug: String,
        id: String,
        name: String,
        shown: String,
        last_used: Option<String>,
    },
}

impl Question {
    pub fn tab(&self) -> &'static str {
        match self {
            Self::SignOut { .. } | Self::SignOutOther { .. } => "Sign out a session?",
            Self::RevokeAll { .. } => "Revoke every session and personal token?",
            Self::SignOutEverywhere { .. } => "Sign out everywhere?",
            Self::SignOutOtherBrowsers => "Sign out every other browser?",
            Self::PersonalTokensOff { .. } => "Turn personal tokens off?",
            Self::PersonalTokensOn { .. } => "Turn personal tokens on?",
            Self::ApiKeysOff { .. } => "Turn API keys off?",
            Self::ApiKeysOn { .. } => "Turn API keys on?",
            Self::RevokeKey { .. } => "Revoke an API key?",
            Self::RevokeToken { .. } => "Revoke a personal token?",
            Self::DisableServiceAccount { .. } => "Disable a service account?",
        }
    }

    pub fn title(&self) -> Sentence {
        match self {
            Self::SignOut { name, .. } => Sentence::from("Sign out ").name(name).text("?"),
            Self::SignOutOther { name, person, .. } => {
                Sentence::from("Sign out ").name(name).text(" of ").name(person).text("?")
            }
            Self::SignOutEverywhere { organization: None, .. } | Self::SignOutOtherBrowsers => {
                self.tab().into()
            }
            Self::SignOutEverywhere { organization: Some(organization), .. } => {
                Sentence::from("Sign out everywhere in ").name(organization).text("?")
            }
            Self::RevokeAll { organization, .. } => {
                Sentence::from("Revoke every session and personal token of ").name(organization).text("?")
            }
            Self::PersonalTokensOff { organization, .. } => {
                Sentence::from("Turn personal tokens off for ").name(organization).text("?")
            }
            Self::PersonalTokensOn { organization, .. } => {
                Sentence::from("Turn personal tokens on for ").name(organization).text("?")
            }
            Self::RevokeKey { name, .. } | Self::RevokeToken { name, .. } => {
                Sentence::from("Revoke ").name(name).text("?")
            }
            Self::DisableServiceAccount { name, .. } => Sentence::from("Disable ").name(name).text("?"),
            Self::ApiKeysOff { organization, .. } => {
                Sentence::from("Turn API keys off for ").name(organization).text("?")
            }
            Self::ApiKeysOn { organization, .. } => {
                Sentence::from("Turn API keys on for ").name(organization).text("?")
            }
        }
    }

    /// The immediate effect, in numbers if there are some, and how to undo it.
    pub fn effect(&self) -> Vec<Sentence> {
        match self {
            Self::SignOut { tool, login_command, .. } => vec![
                Sentence::default()
                    .name(tool)
                    .text(" there stops working now. Commands that are running may fail. You can sign in again with ")
                    .code(login_command)
                    .text("."),
            ],
            Self::SignOutOther { tool, person, .. } => vec![
                Sentence::default().name(tool).text(" there stops working now. Commands that are running may fail."),
                Sentence::default()
                    .name(person)
                    .text(" can sign in again. To stop that too, turn personal tokens off."),
            ],
            Self::RevokeAll { concerned, login_command, .. } => vec![
                Sentence::from("This ends ")
                    .text(concerned.words())
                    .text(" permanently. Tools and programs that are running may fail. API keys keep working."),
                Sentence::from("This cannot be undone, not even by turning personal tokens off and on: people have to sign in again with ")
                    .code(login_command)
                    .text(", and create new personal tokens."),
            ],
            Self::SignOutEverywhere { sessions, login_command, .. } => vec![
                Sentence::from("This ends ")
                    .text(text::count(*sessions, "session", "sessions"))
                    .text(" now. Tools that are running may fail. You can sign in again with ")
                    .code(login_command)
                    .text("."),
                "This browser stays signed in, and your personal tokens keep working.".into(),
            ],
            Self::SignOutOtherBrowsers => vec![
                "This browser stays signed in. The others need your password again.".into(),
                "Your tools and personal tokens keep working.".into(),
            ],
            Self::PersonalTokensOff { concerned, .. } => vec![
                if concerned.is_empty() {
                    "Nobody has a session or a personal token now.".into()
                } else {
                    Sentence::from("Turning this off stops ").text(concerned.words()).text(".")
                },
                "From now on, their requests are rejected with status 403, and nobody can sign in a tool or create a personal token. API keys keep working.".into(),
                "Nothing is deleted. After you turn this on again, the same sessions and personal tokens work.".into(),
            ],
            Self::PersonalTokensOn { concerned, .. } => vec![
                "Members can sign in command-line tools and create personal tokens again.".into(),
                if concerned.is_empty() {
                    "There is no suspended session or personal token.".into()
                } else {
                    let verb = if concerned.is_one() { " works again." } else { " work again." };
                    Sentence::default().text(concerned.words()).text(verb)
                },
            ],
            Self::RevokeKey { shown, last_used, .. } => vec![
                Sentence::from("Every program that uses ").code(shown).text(" is rejected from the next request on."),
                Self::last_use(last_used.as_deref()),
                "This cannot be undone. To replace it without an interruption, its owner can rotate it instead.".into(),
            ],
            Self::ApiKeysOff { keys, .. } => vec![
                Sentence::from("Turning this off stops ").text(text::count(*keys, "key", "keys")).text("."),
                "From now on, their requests are rejected with status 403, and nobody can create a key. People and their tools keep working.".into(),
                "Nothing is deleted. After you turn this on again, the same keys work.".into(),
            ],
            Self::ApiKeysOn { keys, .. } => vec![
                Sentence::from("Members can create API keys again. ").text(match keys {
                    0 => "There is no suspended key.".to_owned(),
                    _ => format!("{} work again.", text::count(*keys, "key", "keys")),
                }),
            ],
            Self::DisableServiceAccount { keys, .. } => vec![
                Sentence::from("This stops ").text(text::count(*keys, "API key", "API keys")).text(
                    " from the next request on.",
                ),
                "Nothing is deleted. After you enable it again, the same keys work.".into(),
            ],
            Self::RevokeToken { shown, last_used, .. } => vec![
                Sentence::from("Every program that uses ").code(shown).text(" is rejected from the next request on."),
                Self::last_use(last_used.as_deref()),
                "This cannot be undone.".into(),
            ],
        }
    }

    fn last_use(ago: Option<&str>) -> Sentence {
        match ago {
            Some(ago) => Sentence::from("It was last used ").text(ago.to_owned()).text("."),
            None => "It was never used.".into(),
        }
    }

    /// Target of the form, relative to the issuer's path.
    pub fn action(&self) -> String {
        match self {
            Self::SignOut { id, .. } | Self::SignOutOther { id, .. } => format!("/cli-sessions/{id}/end"),
            Self::SignOutEverywhere { slug, .. } => format!("/cli-sessions/end-all?org={slug}"),
            Self::SignOutOtherBrowsers => "/security/browsers/end-others".into(),
            Self::RevokeAll { slug, .. } => format!("/o/{slug}/settings/api-access/revoke-all"),
            Self::RevokeKey { slug, id, .. } => format!("/o/{slug}/keys/{id}/end"),
            Self::RevokeToken { slug, id, .. } => format!("/tokens/{id}/end?org={slug}"),
            Self::DisableServiceAccount { slug, id, .. } => format!("/o/{slug}/service-accounts/{id}/state"),
            Self::ApiKeysOff { slug, .. } | Self::ApiKeysOn { slug, .. } => {
                format!("/o/{slug}/settings/api-access/api-keys")
            }
            Self::PersonalTokensOff { slug, .. } | Self::PersonalTokensOn { slug, .. } => {
                format!("/o/{slug}/settings/api-access")
            }
        }
    }

    /// Hidden field with the choice, if the path does not contain it.
    pub fn choice(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::SignOut { .. }
            | Self::SignOutOther { .. }
            | Self::SignOutEverywhere { .. }
            | Self::SignOutOtherBrowsers
            | Self::RevokeAll { .. }
            | Self::RevokeKey { .. }
            | Self::RevokeToken { .. } => None,
            Self::DisableServiceAccount { .. } => Some(("state", "disabled")),
            Self::ApiKeysOff { .. } => Some(("api_keys", "off")),
            Self::ApiKeysOn { .. } => Some(("api_keys", "on")),
            Self::PersonalTokensOff { .. } => Some(("personal_tokens", "off")),
            Self::PersonalTokensOn { .. } => Some(("personal_tokens", "on")),
        }
    }

    /// Target of "Keep it", relative to the issuer's path.
    pub fn back(&self) -> String {
        match self {
            Self::SignOut { .. } => "/cli-sessions".into(),
            Self::SignOutOtherBrowsers => "/security".into(),
            Self::RevokeKey { slug, .. } => format!("/o/{slug}/keys"),
            Self::RevokeToken { slug, .. } => format!("/tokens?org={slug}"),
            Self::DisableServiceAccount { slug, id, .. } => format!("/o/{slug}/service-accounts/{id}"),
            Self::SignOutEverywhere { slug, .. } => format!("/cli-sessions?org={slug}"),
            Self::SignOutOther { slug, .. }
            | Self::RevokeAll { slug, .. }
            | Self::PersonalTokensOff { slug, .. }
            | Self::PersonalTokensOn { slug, .. }
            | Self::ApiKeysOff { slug, .. }
            | Self::ApiKeysOn { slug, .. } => format!("/o/{slug}/settings/api-access"),
        }
    }

    pub fn keep(&self) -> &'static str {
        match self {
            Self::SignOut { .. }
            | Self::SignOutOther { .. }
            | Self::RevokeKey { .. }
            | Self::RevokeToken { .. } => "Keep it",
            Self::SignOutEverywhere { .. } | Self::SignOutOtherBrowsers | Self::RevokeAll { .. } => {
                "Keep them"
            }
            Self::DisableServiceAccount { .. } => "Keep it enabled",
            Self::PersonalTokensOff { .. } | Self::ApiKeysOff { .. } => "Leave them on",
            Self::PersonalTokensOn { .. } | Self::ApiKeysOn { .. } => "Leave them off",
        }
    }

    /// Label of the button: verb and object.
    pub fn act(&self) -> Sentence {
        match self {
            Self::SignOut { name, .. } | Self::SignOutOther { name, .. } => {
                Sentence::from("Sign out ").name(name)
            }
            Self::SignOutEverywhere { .. } => "Sign out everywhere".into(),
            Self::SignOutOtherBrowsers => "Sign out every other browser".into(),
            Self::RevokeAll { concerned, .. } => Sentence::from("Revoke ").text(concerned.credentials()),
            Self::RevokeKey { name, .. } | Self::RevokeToken { name, .. } => {
                Sentence::from("Revoke ").name(name)
            }
            Self::DisableServiceAccount { name, .. } => Sentence::from("Disable ").name(name),
            Self::PersonalTokensOff { .. } | Self::ApiKeysOff { .. } => "Turn them off".into(),
            Self::PersonalTokensOn { .. } | Self::ApiKeysOn { .. } => "Turn them on".into(),
        }
    }

    pub fn is_dangerous(&self) -> bool {
        !matches!(self, Self::PersonalTokensOn { .. } | Self::ApiKeysOn { .. })
    }
}
