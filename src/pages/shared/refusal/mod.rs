//! The refusal page: what happened, whether anything was granted, the next step, and the request id for
//! support.

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::policy::PolicyBlock;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::words::{Piece, Sentence};

mod words;

/// Why a page is refused. Texts and statuses are in one exhaustive match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    RequestEnded {
        /// "10 minutes"
        open_for: String,
        command: String,
    },
    AlreadyAnswered {
        /// Redirect with the same answer, while the code is unused.
        send_again: Option<String>,
        command: String,
    },
    UnknownClient {
        client_id: String,
    },
    /// A tool that expects a key in its loopback URL.
    OutdatedTool {
        command: String,
    },
    RedirectNotRegistered {
        tool: String,
        asked: String,
        registered: Vec<String>,
    },
    MalformedRequest {
        /// For the tool's developer.
        detail: String,
    },
    RoleTooSmall {
        organization: String,
        role: String,
        /// Roles that may grant it.
        needed: Vec<String>,
        way_out: RefusalActions,
    },
    PersonalTokensOff {
        organization: String,
        who: WhoCanEnable,
        way_out: RefusalActions,
    },
    /// The organization's policy forbids this sign-in method.
    SignInMethodClosed {
        organization: String,
        policy_block: PolicyBlock,
        who: WhoCanEnable,
        way_out: RefusalActions,
    },
    /// A copied code that was used, revoked, or has expired.
    CopiedCodeEnded {
        command: String,
    },
    /// The user denied, and the terminal may still wait for a code.
    NothingToCopy,
    /// The terminal learned that copied codes are off, and switched to another sign-in method.
    TerminalLeft,
    NoOrganization {
        /// Whether the user may make one.
        may_create: bool,
        way_out: RefusalActions,
    },
    /// The form token is missing, invalid or too old.
    FormTooOld {
        reload: String,
    },
    CookiesOff,
    /// A pushed request that is bound to another browser.
    OpenElsewhere {
        command: String,
    },
    /// `/c/{code}`: wrong, used and ended codes look alike.
    UnknownCode {
        command: String,
    },
    NotAManager {
        organization: String,
    },
    NotAnOwner {
        organization: String,
    },
    /// Users do not make organizations on this server.
    NoCreation,
    /// The user's role lacks the required scope.
    NotForRole {
        organization: String,
        role: String,
        /// The roles that have it.
        needed: Vec<String>,
    },
    /// The organization's policy forbids it.
    NotAllowed {
        message: String,
    },
    /// The object has ended or was replaced.
    PastChanging {
        message: String,
    },
    /// The organization would have no owner left who can sign in.
    LastOwner {
        organization: String,
        /// Path of the members.
        members: String,
    },
    /// A reset link that was used or replaced, has expired, or never existed.
    ResetLinkEnded,
    NotFound,
    MethodNotAllowed,
    TooManyTries {
        seconds: i64,
    },
    Broken,
    Restarting,
}

/// Who can enable personal tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhoCanEnable {
    /// The signed-in user, on this settings page.
    You(String),
    /// Users with these names, and whether there are others.
    Others { named: Vec<String>, more: bool },
}

/// Actions on a refusal for one organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalActions {
    /// Redirect with the refusal, if the request is answered, so that the tool stops waiting.
    pub tell_the_tool: Option<String>,
    /// Form that answers a request that is still open.
    pub refuse: Option<RefusalForm>,
    /// Path to choose another organization for the same request.
    pub other_organization: Option<String>,
}

/// A one-button form that answers a request that the user cannot approve.
#[derive(Clone, PartialEq, Eq)]
pub struct RefusalForm {
    pub action: String,
    /// The token of the form.
    pub token: String,
    pub label: &'static str,
}

impl std::fmt::Debug for RefusalForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefusalForm")
            .field("action", &self.action)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// Texts of a refusal for the template.
#[derive(Debug, Clone)]
pub struct RefusalText {
    pub status: StatusCode,
    /// Page title, without untrusted names.
    pub tab: &'static str,
    pub title: Sentence,
    pub what: Vec<Sentence>,
    pub nothing_given: bool,
    pub next: Next,
    pub refuse: Option<RefusalForm>,
    /// Facts for the tool's developer.
    pub details: Vec<Detail>,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Nothing,
    Run(String),
    Links(Vec<RefusalLink>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalLink {
    pub label: &'static str,
    pub href: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    pub term: &'static str,
    pub values: Vec<String>,
}

#[derive(Template)]
#[template(path = "shared/refusal.html")]
pub struct RefusalPage {
    pub shell: Shell,
    pub words: RefusalText,
    /// The request id, as in the log and in `X-Request-Id`.
    pub reference: String,
}

impl RefusalPage {
    pub fn new(shell: Shell, refusal: Refusal, reference: String) -> Self {
        let words = refusal.words(&shell.base);
        Self { shell, words, reference }
    }

    pub fn status(&self) -> StatusCode {
        self.words.status
    }
}
