//! Errors: each [`ErrorKind`] has one text, one JSON document and one exit code.

mod exit;
mod json;
mod place;
mod report;
mod sign_in;
mod text;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::brand::Brand;
use super::invalid_value::InvalidValue;
use super::keys::KeyProblem;
use super::profile::ProfileName;
use super::redact::Redactor;
use super::source::CredentialSource;

pub use exit::Exit;
pub(crate) use place::Place;
pub(crate) use sign_in::in_short;
pub(crate) use text::{SELF_SIGNED, UNTRUSTED};

/// What went wrong, independent of the tool that reports it.
///
/// Each kind has one exit code ([`Error::exit_code`]) and one `code`, which is its `Display` and part of
/// [`Error::to_json`]. Kinds may be added, so a `match` needs `_`. The kinds that a command of a tool or a
/// [`CredentialStore`](crate::CredentialStore) makes itself keep their fields; the others are `#[non_exhaustive]`.
///
/// A field means the same in every kind:
///
/// | field | meaning |
/// | --- | --- |
/// | `source` | where the credential came from |
/// | `status` | the HTTP status of the response |
/// | `code` | the error code in the response, for example `invalid_token`; `None` if it had none |
/// | `message` | the text for people, from the server or from the tool |
/// | `request_id` | the request ID in the response; `None` if it had none |
/// | `host` | the server: host name, followed by `:port` unless it is the default port |
/// | `asked`, `bound` | the host or organization that was requested, and the one that the credential belongs to |
/// | `cause` | the reason, without a full stop |
/// | `what` | completes the sentence "Could not ..." |
/// | `kept` | the credential that the profile keeps, masked |
/// | `keys_url` | the page on which API keys are created; `None` if the server publishes none |
/// | `after` | how long the login waited |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the table above explains the fields")]
pub enum ErrorKind {
    /// An argument, an environment variable or a setting is invalid. `hint` says what is valid.
    Usage { message: String, hint: Option<String> },
    /// `config.toml` cannot be read or parsed.
    #[non_exhaustive]
    InvalidConfig { path: PathBuf, message: String },
    /// An API key does not have the format of the tool's keys. Found before any request.
    #[non_exhaustive]
    InvalidKeyFormat { source: CredentialSource, problem: KeyProblem },
    /// There is no credential.
    NotAuthenticated,
    /// A login needs a terminal, and there is none.
    NotInteractive,
    /// The credential belongs to another server than the requested one. Found before any request.
    #[non_exhaustive]
    HostMismatch { source: CredentialSource, asked: String, bound: String },
    /// The credential belongs to another organization than the requested one. Found before any request.
    #[non_exhaustive]
    OrganizationMismatch { source: CredentialSource, asked: String, bound: String },
    /// Plain `http` to a host other than this machine. `url` has only scheme and host.
    #[non_exhaustive]
    InsecureUrl { url: String },
    /// The server rejected the credential (401).
    #[non_exhaustive]
    Rejected { source: CredentialSource, code: Option<String>, request_id: Option<String> },
    /// The credential lacks a scope (403 `insufficient_scope`).
    InsufficientScope(Box<MissingScope>),
    /// The server refused the request for another reason than a scope (403).
    #[non_exhaustive]
    Forbidden { source: CredentialSource, code: Option<String>, message: String, request_id: Option<String> },
    /// The organization allows neither personal tokens nor CLI sessions. `settings_url` is the page to change that on.
    #[non_exhaustive]
    TokensDisabled { organization: Option<String>, settings_url: Option<String>, request_id: Option<String> },
    /// The server or the tool has no such object (404).
    NotFound { message: String, request_id: Option<String> },
    /// The server refused the request as invalid (any other 4xx).
    #[non_exhaustive]
    InvalidRequest { status: u16, code: Option<String>, message: String, request_id: Option<String> },
    /// Rate limited (429), after all retries. `retry_after` is the `Retry-After` of the last response.
    #[non_exhaustive]
    RateLimited { message: Option<String>, retry_after: Option<Duration>, request_id: Option<String> },
    /// The server failed (5xx), after all retries.
    #[non_exhaustive]
    ServerError { status: u16, request_id: Option<String> },
    /// No connection to the server, after all retries. `proxy` is the variable with the proxy that was used, for example
    /// `HTTPS_PROXY=http://proxy:3128`.
    #[non_exhaustive]
    Unreachable { host: String, cause: String, proxy: Option<String> },
    /// A response does not follow the protocol. `what` is a sentence without a full stop.
    #[non_exhaustive]
    InvalidResponse { host: String, what: String },
    /// The server has another issuer URL, `address`, than the one that it was called under.
    #[non_exhaustive]
    WrongIssuer { asked: String, address: String },
    /// No callback arrived before the timeout.
    #[non_exhaustive]
    LoginTimedOut { after: Duration },
    /// The device code expired, or the timeout passed, before it was approved.
    #[non_exhaustive]
    CodeExpired { after: Duration },
    /// The server does not issue device codes to this client.
    #[non_exhaustive]
    DeviceCodesUnavailable { host: String },
    /// The organization allows neither copied codes nor device codes.
    CodesDisabled,
    /// No usable authorization code was pasted.
    NoCodePasted,
    /// No pending login has this handle, as returned by [`App::start_login`](crate::App::start_login).
    #[non_exhaustive]
    NoPendingLogin { handle: String },
    /// The server rejected the API key that was to be stored.
    #[non_exhaustive]
    KeyRejected { profile: ProfileName, kept: Option<String>, code: Option<String>, keys_url: Option<String> },
    /// The API key could not be verified because of `cause`, and would have replaced a credential that works.
    #[non_exhaustive]
    KeyUnverified { profile: ProfileName, kept: String, cause: Box<ErrorKind> },
    /// The `state` of the callback is not that of this login.
    StateMismatch,
    /// The `iss` of the callback is missing or not the issuer of this login (RFC 9207).
    #[non_exhaustive]
    IssuerMismatch { issuer: Option<String> },
    /// The user denied the request, or is not allowed to approve it.
    AccessDenied,
    /// The authorization server refused the login with another OAuth error: `error` and `error_description`.
    #[non_exhaustive]
    LoginRefused { code: String, description: Option<String> },
    /// The server refused the refresh token: the session has ended.
    RefreshFailed,
    /// Another process has held the lock of the profile for 30 seconds.
    LockBusy { path: PathBuf, after: Duration },
    /// The credentials file cannot be read, or its owner or mode is unsafe. `remedy` is a sentence.
    CredentialsUnreadable { path: PathBuf, cause: String, remedy: Option<String> },
    /// The credentials file is not valid JSON. The next login moves it to `kept_as`, a name in the same directory.
    CredentialsDamaged { path: PathBuf, line: usize, column: usize, kept_as: String },
    /// The system keyring refused to read or write a secret.
    KeyringUnusable { cause: String },
    /// The credentials cannot be written.
    CredentialsUnwritable { what: String, cause: String },
    /// `auth doctor` found problems; `exit` is the exit code of the first.
    #[non_exhaustive]
    ChecksFailed { checks: Vec<&'static str>, exit: Exit },
    /// An operation on this machine failed.
    LocalFailure { what: String, cause: String },
    /// Ctrl-C, SIGTERM or SIGHUP.
    Interrupted,
    /// The reader of standard output is gone (`EPIPE`). Nothing is printed for it.
    ClosedPipe,
}

/// How a user can get the scopes that a credential lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeRemedy {
    /// Sign in again: the credential is a session.
    SignIn,
    /// There is none: the role of the user does not include the scopes, so a new session would lack them too.
    NotHeld,
    /// Use another API key: a key cannot get more scopes.
    Key,
}

/// The scopes that a request needs and a credential lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingScope {
    /// Where the credential came from.
    pub source: CredentialSource,
    /// How to get the scopes.
    pub remedy: ScopeRemedy,
    /// The scopes that the request needs.
    pub required: Vec<String>,
    /// The scopes that the credential has.
    pub granted: Vec<String>,
    /// The page on which API keys are created; `None` if the server publishes none.
    pub keys_url: Option<String>,
    /// The request ID in the response; `None` if it had none.
    pub request_id: Option<String>,
}

impl ErrorKind {
    /// Whether the same request may succeed later, because the server failed, is unreachable or limits the rate.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::ServerError { .. } | Self::RateLimited { .. })
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(json::code_of(self))
    }
}

impl std::error::Error for ErrorKind {}

impl From<InvalidValue> for ErrorKind {
    fn from(invalid: InvalidValue) -> Self {
        Self::Usage { message: invalid.into_message(), hint: None }
    }
}

/// An [`ErrorKind`] worded for one tool. `Display` is the text for people in several lines, without the leading `✗`.
///
/// Text, JSON and `Debug` mask the credentials that this process has used or received, because a server may repeat them
/// in an answer. The fields of [`kind`](Self::kind) are as they arrived.
#[derive(Clone)]
pub struct Error {
    kind: Box<ErrorKind>,
    brand: Brand,
    redactor: Redactor,
    place: Option<Box<Place>>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of a tool, in which the secrets that the redactor knows are masked.
    pub(crate) fn new(kind: ErrorKind, brand: Brand, redactor: Redactor) -> Self {
        Self { kind: Box::new(kind), brand, redactor, place: None, source: None }
    }

    /// The error with the profile and server that it occurred with.
    pub(crate) fn at(self, place: Option<Place>) -> Self {
        Self { place: place.map(Box::new), ..self }
    }

    /// Adds the error of an HTTP client of the tool.
    #[cfg(feature = "tower")]
    pub(crate) fn caused_by(self, source: Arc<dyn std::error::Error + Send + Sync>) -> Self {
        Self { source: Some(source), ..self }
    }

    fn report(&self) -> report::Report {
        let report = text::report(&self.kind, &self.brand);
        let report = match &self.place {
            Some(place) => place.add_to(report, &self.kind),
            None => report,
        };
        report.masked(&self.redactor)
    }

    /// What went wrong, to match on.
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

    /// Headline and help, without the advice to run `auth doctor`, which prints them.
    pub(crate) fn finding(&self) -> (String, String) {
        let report = self.report();
        (report.headline, report.lines.join(" "))
    }

    /// The JSON document that `--json` prints on standard error: `{"error": {"type", "code", "message", "detail",
    /// "help", "request_id", "retry_after", "exit_code"}}`, `retry_after` in seconds. If there is no credential, it has
    /// `profile` and `issuer` too.
    pub fn to_json(&self) -> serde_json::Value {
        let mut document = json::document(&self.kind, &self.report().with_advice(), self.place.as_deref());
        self.redactor.json(&mut document);
        document
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &format_args!("{}", self.redactor.lines(&format!("{:?}", self.kind))))
            .field("tool", &self.brand.name())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report().with_advice();
        formatter.write_str(&report.headline)?;
        report.lines.iter().try_for_each(|line| write!(formatter, "\n  {line}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source: &(dyn std::error::Error + 'static) = self.source.as_deref()?;
        Some(source)
    }
}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::new(invalid.into(), Brand::unnamed(), Redactor::default())
    }
}

impl From<Error> for ExitCode {
    fn from(error: Error) -> Self {
        error.exit_code().into()
    }
}
