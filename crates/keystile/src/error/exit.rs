//! The exit code of each error.

use std::process::ExitCode;

use super::ErrorKind;

/// Exit codes of a tool. The meaning of a code never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Exit {
    /// 1: invalid usage, a refused request, a malformed key, an invalid `config.toml`.
    Usage = 1,
    /// 2: not signed in, rejected, missing scope, failed login, unusable credentials.
    Auth = 2,
    /// 3: the server failed or is unreachable.
    Server = 3,
    /// 4: rate limited.
    RateLimited = 4,
    /// 5: not found.
    NotFound = 5,
    /// 130: Ctrl-C.
    Interrupted = 130,
    /// 141: the reader of standard output is gone.
    ClosedPipe = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

pub(super) fn exit_of(kind: &ErrorKind) -> Exit {
    match kind {
        ErrorKind::Usage { .. }
        | ErrorKind::InvalidConfig { .. }
        | ErrorKind::InvalidKeyFormat { .. }
        | ErrorKind::InsecureUrl { .. }
        | ErrorKind::InvalidRequest { .. }
        | ErrorKind::LocalFailure { .. } => Exit::Usage,
        ErrorKind::NotAuthenticated
        | ErrorKind::NotInteractive
        | ErrorKind::HostMismatch { .. }
        | ErrorKind::OrganizationMismatch { .. }
        | ErrorKind::Rejected { .. }
        | ErrorKind::InsufficientScope(_)
        | ErrorKind::Forbidden { .. }
        | ErrorKind::TokensDisabled { .. }
        | ErrorKind::LoginTimedOut { .. }
        | ErrorKind::CodeExpired { .. }
        | ErrorKind::DeviceCodesUnavailable { .. }
        | ErrorKind::CodesDisabled
        | ErrorKind::NoCodePasted
        | ErrorKind::NoPendingLogin { .. }
        | ErrorKind::KeyRejected { .. }
        | ErrorKind::StateMismatch
        | ErrorKind::IssuerMismatch { .. }
        | ErrorKind::AccessDenied
        | ErrorKind::LoginRefused { .. }
        | ErrorKind::RefreshFailed
        | ErrorKind::CredentialsUnreadable { .. }
        | ErrorKind::CredentialsUnwritable { .. }
        | ErrorKind::CredentialsDamaged { .. }
        | ErrorKind::KeyringUnusable { .. } => Exit::Auth,
        ErrorKind::ServerError { .. }
        | ErrorKind::Unreachable { .. }
        | ErrorKind::InvalidResponse { .. }
        | ErrorKind::WrongIssuer { .. }
        | ErrorKind::LockBusy { .. } => Exit::Server,
        ErrorKind::KeyUnverified { cause, .. } => exit_of(cause),
        ErrorKind::ChecksFailed { exit, .. } => *exit,
        ErrorKind::RateLimited { .. } => Exit::RateLimited,
        ErrorKind::NotFound { .. } => Exit::NotFound,
        ErrorKind::Interrupted => Exit::Interrupted,
        ErrorKind::ClosedPipe => Exit::ClosedPipe,
    }
}
