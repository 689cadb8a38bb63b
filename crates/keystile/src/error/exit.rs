//! The exit codes: a contract, never reused for anything else.

use std::process::ExitCode;

use super::Fault;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// A usage error, a refused value, a malformed key, a bad `config.toml`.
    Usage = 1,
    /// Not signed in, rejected, a missing scope, a failed sign-in, unusable credentials.
    Auth = 2,
    /// The server failed or could not be reached.
    Server = 3,
    /// Too many requests.
    RateLimited = 4,
    /// Not found.
    NotFound = 5,
    /// Ctrl-C.
    Interrupted = 130,
    /// Nobody reads the output.
    ClosedPipe = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

pub(super) fn exit_of(fault: &Fault) -> Exit {
    match fault {
        Fault::Usage { .. }
        | Fault::Config { .. }
        | Fault::KeyFormat { .. }
        | Fault::InsecureUrl { .. }
        | Fault::BadRequest { .. }
        | Fault::Local { .. } => Exit::Usage,
        Fault::NotAuthenticated
        | Fault::NobodyThere
        | Fault::ForeignHost { .. }
        | Fault::ForeignOrganization { .. }
        | Fault::Rejected { .. }
        | Fault::InsufficientScope(_)
        | Fault::Forbidden { .. }
        | Fault::TokensDisabled { .. }
        | Fault::LoginTimedOut { .. }
        | Fault::CodeExpired { .. }
        | Fault::NoDeviceCodes { .. }
        | Fault::NoCodesAllowed
        | Fault::NothingPasted
        | Fault::NothingPending { .. }
        | Fault::KeyRejected { .. }
        | Fault::StateMismatch
        | Fault::IssuerMismatch { .. }
        | Fault::Denied
        | Fault::LoginRefused { .. }
        | Fault::RefreshFailed
        | Fault::CredentialsUnreadable { .. }
        | Fault::CredentialsUnwritable { .. }
        | Fault::CredentialsDamaged { .. }
        | Fault::KeyringUnusable { .. } => Exit::Auth,
        Fault::Server { .. }
        | Fault::Unreachable { .. }
        | Fault::BadAnswer { .. }
        | Fault::WrongAddress { .. }
        | Fault::LockBusy { .. } => Exit::Server,
        Fault::KeyUnverified { cause, .. } => exit_of(cause),
        Fault::Unwell { exit, .. } => *exit,
        Fault::RateLimited { .. } => Exit::RateLimited,
        Fault::NotFound { .. } => Exit::NotFound,
        Fault::Interrupted => Exit::Interrupted,
        Fault::ClosedPipe => Exit::ClosedPipe,
    }
}
