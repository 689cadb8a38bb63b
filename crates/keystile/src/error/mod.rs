//! Errors: each [`ErrorKind`] has one text, one JSON document and one exit code.

mod api;
mod exit;
mod json;
mod sign_in;
mod text;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::app::Brand;
use super::keys::KeyProblem;
use super::profile::ProfileName;
use super::source::CredentialSource;

pub(crate) use api::{Caller, kind_of};
pub use exit::Exit;
pub(crate) use sign_in::in_short;

/// What went wrong, independent of the tool that reports it.
///
/// Every kind has one exit code ([`Error::exit_code`]) and one `code` in [`Error::to_json`]. Kinds and fields may be
/// added, so match with `_` and `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named after what they hold")]
pub enum ErrorKind {
    /// An argument, a variable or a setting is invalid.
    Usage { message: String, hint: Option<String> },
    /// `config.toml` cannot be read or parsed.
    InvalidConfig { path: PathBuf, message: String },
    /// An API key does not have the format of the tool's keys. Found before any request.
    InvalidKeyFormat { source: CredentialSource, problem: KeyProblem },
    /// There is no credential.
    NotAuthenticated,
    /// A sign-in needs a terminal, and there is none.
    NotInteractive,
    /// The credential is bound to another server than the requested one.
    HostMismatch { source: CredentialSource, asked: String, bound: String },
    /// The credential is bound to another organization than the requested one.
    OrganizationMismatch { source: CredentialSource, asked: String, bound: String },
    /// Plain `http` to a host other than this machine.
    InsecureUrl { url: String },
    /// The server rejected the credential (401).
    Rejected { source: CredentialSource, code: Option<String>, request_id: Option<String> },
    /// The credential lacks a scope (403).
    InsufficientScope(Box<MissingScope>),
    /// The server refused the request for another reason than a scope (403).
    Forbidden { source: CredentialSource, code: Option<String>, message: String, request_id: Option<String> },
    /// The organization does not allow personal tokens and CLI sessions.
    TokensDisabled { organization: Option<String>, settings_url: Option<String>, request_id: Option<String> },
    /// Not found (404).
    NotFound { message: String, request_id: Option<String> },
    /// The server refused the request as invalid (another status of 4xx).
    InvalidRequest { status: u16, code: Option<String>, message: String, request_id: Option<String> },
    /// Rate limited (429), after all retries.
    RateLimited { message: Option<String>, retry_after: Option<Duration>, request_id: Option<String> },
    /// The server failed (5xx), after all retries.
    ServerError { status: u16, request_id: Option<String> },
    /// No connection to the server, after all retries.
    Unreachable { host: String, cause: String, proxy: Option<String> },
    /// A response that does not follow the protocol.
    InvalidResponse { host: String, what: String },
    /// The server is known under another issuer URL than the requested one.
    WrongIssuer { asked: String, address: String },
    /// No callback arrived before the timeout.
    LoginTimedOut { after: Duration },
    /// The device code expired before it was approved.
    CodeExpired { after: Duration },
    /// The server does not issue device codes to this client.
    DeviceCodesUnavailable { host: String },
    /// The organization allows neither copied codes nor device codes.
    CodesDisabled,
    /// No usable authorization code was pasted.
    NoCodePasted,
    /// No login that was started with [`App::start_login`](crate::App::start_login) has this handle.
    NoPendingLogin { handle: String },
    /// The server rejected the API key that was to be stored; `kept` is the masked credential of the profile.
    KeyRejected { profile: ProfileName, kept: Option<String>, code: Option<String>, keys_url: Option<String> },
    /// The API key could not be verified and would have replaced a working credential.
    KeyUnverified { profile: ProfileName, kept: String, cause: Box<ErrorKind> },
    /// The `state` of the callback is not that of this login.
    StateMismatch,
    /// The `iss` of the callback is not the issuer of this login (RFC 9207).
    IssuerMismatch { issuer: Option<String> },
    /// The user denied the request, or is not allowed to approve it.
    AccessDenied,
    /// The authorization server refused the login with another OAuth error.
    LoginRefused { code: String, description: Option<String> },
    /// The session has ended: the refresh token was refused.
    RefreshFailed,
    /// Another process has held the lock of the profile for 30 seconds.
    LockBusy { path: PathBuf },
    /// The credentials file cannot be read, or its owner or mode is unsafe.
    CredentialsUnreadable { path: PathBuf, cause: String, remedy: Option<String> },
    /// The credentials file is not valid JSON; `kept_as` is the name that it is moved to by the next login.
    CredentialsDamaged { path: PathBuf, line: usize, column: usize, kept_as: String },
    /// The system keyring refused to read or write a secret.
    KeyringUnusable { cause: String },
    /// The credentials cannot be written; `what` completes "Could not".
    CredentialsUnwritable { what: String, cause: String },
    /// `auth doctor` found problems; `exit` is the exit code of the first.
    ChecksFailed { checks: Vec<&'static str>, exit: Exit },
    /// A local operation failed; `what` completes "Could not".
    LocalFailure { what: String, cause: String },
    /// Ctrl-C.
    Interrupted,
    /// The reader of standard output is gone (`EPIPE`).
    ClosedPipe,
}

/// How a credential can get the scopes that it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeRemedy {
    /// A session: sign in again for more scopes.
    SignIn,
    /// A session of a user whose role does not hold the scopes; signing in again does not help.
    NotHeld,
    /// An API key, whose scopes were fixed when it was created.
    Key,
}

/// The scopes that a request needed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingScope {
    /// Where the credential came from.
    pub source: CredentialSource,
    /// How the credential can get more scopes.
    pub remedy: ScopeRemedy,
    /// The scopes that the request needs.
    pub required: Vec<String>,
    /// The scopes that the credential has.
    pub granted: Vec<String>,
    /// The page on which API keys are created, if the server publishes it.
    pub keys_url: Option<String>,
    /// The request ID of the response.
    pub request_id: Option<String>,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(json::code_of(self))
    }
}

impl std::error::Error for ErrorKind {}

/// An [`ErrorKind`] worded for one tool. `Display` is the text for people, without the leading icon.
#[derive(Clone, Debug)]
pub struct Error {
    kind: Box<ErrorKind>,
    brand: Brand,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, brand: Brand) -> Self {
        Self { kind: Box::new(kind), brand }
    }

    /// An invalid value, found where the tool is not known.
    pub(crate) fn usage(message: String) -> Self {
        Self::new(ErrorKind::Usage { message, hint: None }, Brand::unnamed())
    }

    /// What went wrong, for matching.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Like [`kind`](Self::kind), by value.
    pub fn into_kind(self) -> ErrorKind {
        *self.kind
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> Exit {
        exit::exit_of(&self.kind)
    }

    /// Headline and help for `auth doctor`, without the advice to run it.
    pub(crate) fn finding(&self) -> (String, String) {
        let report = text::report(&self.kind, &self.brand);
        (report.headline, report.lines.join(" "))
    }

    /// The JSON document that `--json` prints on standard error: `{"error": {"type", "code", "message", "detail",
    /// "help", "request_id", "retry_after", "exit_code"}}`, `retry_after` in seconds.
    pub fn to_json(&self) -> serde_json::Value {
        json::document(&self.kind, &text::report(&self.kind, &self.brand).with_advice())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = text::report(&self.kind, &self.brand).with_advice();
        formatter.write_str(&report.headline)?;
        report.lines.iter().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

impl std::error::Error for Error {}

impl From<Error> for ExitCode {
    fn from(error: Error) -> Self {
        error.exit_code().into()
    }
}
