//! The answer to a creation: the secret of a new key or token, which no page shows again.

use askama::Template;

use super::nav::{Nav, Place};
use super::shell::{Shell, Theme};
use super::text::Moment;
use crate::domain::secret::Secret;

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    ApiKey,
    PersonalToken,
}

#[derive(Template)]
#[template(path = "secret_once.html")]
pub struct SecretPage {
    pub shell: Shell,
    pub nav: Nav,
    pub made: Made,
    pub name: String,
    pub secret: Secret,
    /// The environment variable that the companion CLI reads.
    pub variable: String,
    pub ends: Option<Moment>,
    /// Until when the key that it replaces works, if it replaces one.
    pub replaces: Option<Moment>,
    /// The list that it is in now.
    pub list: String,
}

/// The same form again.
#[derive(Template)]
#[template(path = "shown_once.html")]
pub struct ShownOncePage {
    pub shell: Shell,
    pub nav: Nav,
    pub made: Made,
    pub name: String,
    pub list: String,
    /// The page that makes another one.
    pub again: String,
}

impl Made {
    /// "API key", as it begins a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::PersonalToken => "Personal token",
        }
    }

    /// The same in the middle of one.
    pub fn in_sentence(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::PersonalToken => "personal token",
        }
    }

    /// What to do when the secret was not stored.
    fn again(self) -> &'static str {
        match self {
            Self::ApiKey => "Rotate it",
            Self::PersonalToken => "Create another",
        }
    }
}
