//! `/sign-in`: email and password.

use askama::Template;

use super::problems::Problems;
use super::shell::{Shell, Theme};
use super::text;

#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    pub shell: Shell,
    pub problems: Problems,
    /// What was typed before, so that nobody types it twice.
    pub email: String,
    /// The name of the tool that waits for the answer.
    pub continue_to: Option<String>,
    /// The handle of the request that waits for the answer.
    pub request: Option<String>,
    pub notice: Option<Notice>,
}

/// Why the person is here, when it was not their own idea.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    SessionEnded,
    SignedOut,
    SwitchAccount,
}

impl Notice {
    pub fn words(self) -> &'static str {
        match self {
            Self::SessionEnded => "Your session has ended. Sign in to go on.",
            Self::SignedOut => "You are signed out.",
            Self::SwitchAccount => "You are signed out. The request is kept: sign in as the right person.",
        }
    }
}

/// One message for an unknown email and for a wrong password, so that neither can be found out.
pub fn wrong_pair() -> Problems {
    Problems::default().with("email", "This email and password do not belong together")
}

/// The same for every email, known or not.
pub fn too_many_tries(seconds: i64) -> Problems {
    let wait = text::count(seconds, "second", "seconds");
    Problems::default().with("email", format!("Too many tries. Try again in {wait}"))
}

/// Nothing about this person: others are signing in.
pub fn busy(seconds: i64) -> Problems {
    let wait = text::count(seconds, "second", "seconds");
    Problems::default().with("email", format!("The server is busy. Try again in {wait}"))
}
