//! The page for everything that ends without what was asked for: what happened, whether anything was given, the next
//! step, and the reference that support asks for.

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::policy::PolicyBlock;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::words::{Piece, Sentence};

mod words;

/// Why a page is refused. The words and the status of each are in one exhaustive match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    RequestEnded {
        /// "10 minutes"
        open_for: String,
        command: String,
    },
    AlreadyAnswered {
        /// Carries the same answer again, while the code is unused.
        send_again: Option<String>,
        command: String,
    },
    UnknownClient {
        client_id: String,
    },
    /// A tool that wants a key in the address of its loopback listener.
    OutdatedTool {
        command: String,
    },
    RedirectNotRegistered {
        tool: String,
        asked: String,
        registered: Vec<String>,
    },
    MalformedRequest {
        /// For the maker of the tool.
        detail: String,
    },
    RoleTooSmall {
        organization: String,
        role: String,
        /// The roles that may give it.
        needed: Vec<String>,
        way_out: RefusalActions,
    },
    PersonalTokensOff {
        organization: String,
        who: WhoCanEnable,
        way_out: RefusalActions,
    },
    /// The organization does not allow this way of signing in.
    SignInMethodClosed {
        organization: String,
        policy_block: PolicyBlock,
        who: WhoCanEnable,
        way_out: RefusalActions,
    },
    /// A code to copy that was used, taken back, or is too old.
    CopiedCodeEnded {
        command: String,
    },
    /// The person said no, and the terminal may wait for a code that does not come.
    NothingToCopy,
    /// The terminal has learned that codes may not be copied, and has changed to another sign-in method.
    TerminalLeft,
    NoOrganization {
        way_out: RefusalActions,
    },
    /// The form token is missing, foreign or too old.
    FormTooOld {
        reload: String,
    },
    CookiesOff,
    /// A pushed request that another browser opened first.
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
    /// The role of the person does not hold what it takes.
    NotForRole {
        organization: String,
        role: String,
        /// The roles that do.
        needed: Vec<String>,
    },
    /// The organization does not allow it.
    NotAllowed {
        message: String,
    },
    /// What it is about has ended, or has been replaced.
    PastChanging {
        message: String,
    },
    NotFound,
    MethodNotAllowed,
    TooManyTries {
        seconds: i64,
    },
    Broken,
    Restarting,
}

/// Who can turn personal tokens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhoCanEnable {
    /// The person who reads this, at this address.
    You(String),
    /// People with these names.
    Others(Vec<String>),
}

/// How to leave a refusal that concerns one organization, and how the tool learns of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefusalActions {
    /// A request that has its answer: the redirect address with the refusal in its query, so that the tool does not wait
    /// until it gives up.
    pub tell_the_tool: Option<String>,
    /// A request that is still open: what answers it.
    pub refuse: Option<RefusalForm>,
    /// The same request with the other organizations to choose from.
    pub other_organization: Option<String>,
}

/// A form with one button, which answers a request that the person cannot approve.
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

/// A refusal as the template prints it.
#[derive(Debug, Clone)]
pub struct Words {
    pub status: StatusCode,
    /// The page title: our own words only, no foreign name.
    pub tab: &'static str,
    pub title: Sentence,
    pub what: Vec<Sentence>,
    pub nothing_given: bool,
    pub next: Next,
    pub refuse: Option<RefusalForm>,
    /// Facts for whoever makes the tool.
    pub details: Vec<Detail>,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Nothing,
    Run(String),
    Links(Vec<Link>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
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
    pub words: Words,
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
