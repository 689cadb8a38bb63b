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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are named after what they hold")]
pub enum ErrorKind {
    /// The command line or a setting makes no sense.
    Usage { message: String, hint: Option<String> },
    /// `config.toml` cannot be used.
    Config { path: PathBuf, message: String },
    /// A key is not in the form that the server issues.
    KeyFormat { source: CredentialSource, problem: KeyProblem },
    /// There is no credential.
    NotAuthenticated,
    /// A sign-in was asked for where nobody can answer.
    NobodyThere,
    /// The credential belongs to another server than the one that was asked for.
    ForeignHost { source: CredentialSource, asked: String, bound: String },
    /// The credential belongs to another organization than the one that was asked for.
    ForeignOrganization { source: CredentialSource, asked: String, bound: String },
    /// Plain http to another machine.
    InsecureUrl { url: String },
    /// The server refused the credential.
    Rejected { source: CredentialSource, code: Option<String>, request_id: Option<String> },
    /// The credential lacks a scope.
    InsufficientScope(Box<MissingScope>),
    /// Refused for another reason.
    Forbidden { source: CredentialSource, code: Option<String>, message: String, request_id: Option<String> },
    /// The organization has turned personal tokens off.
    TokensDisabled { organization: Option<String>, settings_url: Option<String>, request_id: Option<String> },
    /// There is nothing at that address.
    NotFound { message: String, request_id: Option<String> },
    /// The server refused the request as invalid.
    BadRequest { status: u16, code: Option<String>, message: String, request_id: Option<String> },
    /// Too many requests, also after retries.
    RateLimited { message: Option<String>, retry_after: Option<Duration>, request_id: Option<String> },
    /// The server failed, also after retries.
    Server { status: u16, request_id: Option<String> },
    /// The server could not be reached.
    Unreachable { host: String, cause: String, proxy: Option<String> },
    /// The server answered what the protocol does not allow.
    BadAnswer { host: String, what: String },
    /// The server is reached at another address.
    WrongAddress { asked: String, address: String },
    /// Nobody approved in time.
    LoginTimedOut { after: Duration },
    /// Nobody approved the device code in time.
    CodeExpired { after: Duration },
    /// The server gives no device codes.
    NoDeviceCodes { host: String },
    /// The organization allows neither codes to be copied nor device codes.
    NoCodesAllowed,
    /// Nothing that could be used was pasted.
    NothingPasted,
    /// There is no sign-in under this name that waits to be resumed.
    NothingPending { handle: String },
    /// The server does not accept the key that was to be stored; what the profile holds is shown masked.
    KeyRejected { profile: ProfileName, kept: Option<String>, code: Option<String>, keys_url: Option<String> },
    /// The key could not be verified and would have replaced what works.
    KeyUnverified { profile: ProfileName, kept: String, cause: Box<ErrorKind> },
    /// The callback was not meant for this login.
    StateMismatch,
    /// The callback came from another authorization server.
    IssuerMismatch { issuer: Option<String> },
    /// The person chose Deny, or could not approve.
    Denied,
    /// The authorization server refused the login.
    LoginRefused { code: String, description: Option<String> },
    /// The stored session has ended.
    RefreshFailed,
    /// Another process holds the lock of the profile for too long.
    LockBusy { path: PathBuf },
    /// The credentials file cannot be read or may not be trusted.
    CredentialsUnreadable { path: PathBuf, cause: String, remedy: Option<String> },
    /// The credentials file is not what it should be.
    CredentialsDamaged { path: PathBuf, line: usize, column: usize, kept_as: String },
    /// The keyring of the system does not give or take a secret.
    KeyringUnusable { cause: String },
    /// The credentials file cannot be changed.
    CredentialsUnwritable { what: String, cause: String },
    /// `auth doctor` found what is wrong; the first finding decides how the process ends.
    Unwell { found: Vec<&'static str>, exit: Exit },
    /// Something on this machine failed.
    Local { what: String, cause: String },
    /// Ctrl-C.
    Interrupted,
    /// Nobody reads the output any more.
    ClosedPipe,
}

/// Whether a credential can be given more scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Widening {
    /// A session, which a new sign-in can replace with a wider one.
    SignIn,
    /// A session whose person has signed in for the scopes and did not get them: the role does not hold them.
    NotHeld,
    /// A key, which has what it was made with.
    Key,
}

/// Which scopes a call needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingScope {
    /// Where the credential came from.
    pub source: CredentialSource,
    /// Whether a new sign-in can grant more.
    pub widening: Widening,
    /// What the call needs.
    pub required: Vec<String>,
    /// What the credential has.
    pub granted: Vec<String>,
    /// Where a person makes keys, if the server says so.
    pub keys_url: Option<String>,
    /// The server's name for the request.
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

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The kind, without the text.
    pub fn into_kind(self) -> ErrorKind {
        *self.kind
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> Exit {
        exit::exit_of(&self.kind)
    }

    /// Headline and help for `auth doctor`, which does not advise running itself.
    pub(crate) fn finding(&self) -> (String, String) {
        let report = text::report(&self.kind, &self.brand);
        (report.headline, report.lines.join(" "))
    }

    /// The document that `--json` prints on standard error.
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
