//! Errors as JSON, with the types and codes of the API.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::report::Report;
use super::{ErrorKind, Place, exit};

pub(super) fn document(kind: &ErrorKind, report: &Report, place: Option<&Place>) -> Value {
    let mut error = Map::new();
    error.insert("type".into(), type_of(kind).into());
    error.insert("code".into(), server_code(kind).unwrap_or_else(|| code_of(kind)).into());
    error.insert("message".into(), report.headline.as_str().into());
    let (detail, help) =
        report.lines.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    error.insert("detail".into(), detail.into());
    if !help.is_empty() {
        error.insert("help".into(), help.join(" ").into());
    }
    if let ErrorKind::InsufficientScope(missing) = kind {
        error.insert("required_scopes".into(), json!(missing.required));
        error.insert("granted_scopes".into(), json!(missing.granted));
    }
    if let Some(place) = place.filter(|_| Place::is_shown_for(kind)) {
        error.insert("profile".into(), json!(place.profile.as_str()));
        error.insert("issuer".into(), json!(place.issuer));
    }
    error.insert("request_id".into(), json!(request_id(kind)));
    error.insert("retry_after".into(), json!(retry_after(kind)));
    error.insert("exit_code".into(), json!(exit::exit_of(kind) as u8));
    json!({ "error": error })
}

fn type_of(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage { .. }
        | ErrorKind::InvalidConfig { .. }
        | ErrorKind::InvalidKeyFormat { .. }
        | ErrorKind::InsecureUrl { .. }
        | ErrorKind::InvalidRequest { .. } => "invalid_request",
        ErrorKind::NotAuthenticated
        | ErrorKind::NotInteractive
        | ErrorKind::HostMismatch { .. }
        | ErrorKind::OrganizationMismatch { .. }
        | ErrorKind::Rejected { .. }
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
        | ErrorKind::KeyringUnusable { .. } => "auth_error",
        ErrorKind::InsufficientScope(_) | ErrorKind::Forbidden { .. } | ErrorKind::TokensDisabled { .. } => {
            "permission_error"
        }
        ErrorKind::KeyUnverified { cause, .. } => type_of(cause),
        ErrorKind::NotFound { .. } => "not_found",
        ErrorKind::RateLimited { .. } => "rate_limit_error",
        ErrorKind::ServerError { .. }
        | ErrorKind::Unreachable { .. }
        | ErrorKind::InvalidResponse { .. }
        | ErrorKind::WrongIssuer { .. } => "api_error",
        ErrorKind::LockBusy { .. }
        | ErrorKind::ChecksFailed { .. }
        | ErrorKind::LocalFailure { .. }
        | ErrorKind::Interrupted
        | ErrorKind::ClosedPipe => "client_error",
    }
}

/// The `code` of an error kind.
pub(super) fn code_of(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage { .. } => "usage",
        ErrorKind::InvalidConfig { .. } => "invalid_config",
        ErrorKind::InvalidKeyFormat { .. } => "invalid_key_format",
        ErrorKind::NotAuthenticated | ErrorKind::NotInteractive => "not_authenticated",
        ErrorKind::HostMismatch { .. } => "no_credential_for_host",
        ErrorKind::OrganizationMismatch { .. } => "no_credential_for_organization",
        ErrorKind::InsecureUrl { .. } => "insecure_url",
        ErrorKind::Rejected { .. } => "invalid_token",
        ErrorKind::InsufficientScope(_) => "insufficient_scope",
        ErrorKind::Forbidden { .. } => "forbidden",
        ErrorKind::TokensDisabled { .. } => "personal_tokens_disabled",
        ErrorKind::NotFound { .. } => "not_found",
        ErrorKind::InvalidRequest { .. } => "invalid_request",
        ErrorKind::RateLimited { .. } => "rate_limited",
        ErrorKind::ServerError { .. } => "server_error",
        ErrorKind::Unreachable { .. } => "unreachable",
        ErrorKind::InvalidResponse { .. } => "invalid_answer",
        ErrorKind::WrongIssuer { .. } => "wrong_address",
        ErrorKind::LoginTimedOut { .. } => "login_timed_out",
        ErrorKind::CodeExpired { .. } => "expired_token",
        ErrorKind::DeviceCodesUnavailable { .. } => "device_codes_unavailable",
        ErrorKind::CodesDisabled => "codes_not_allowed",
        ErrorKind::NoCodePasted => "nothing_pasted",
        ErrorKind::NoPendingLogin { .. } => "nothing_pending",
        ErrorKind::KeyRejected { .. } => "invalid_api_key",
        ErrorKind::KeyUnverified { .. } => "key_not_verified",
        ErrorKind::StateMismatch => "state_mismatch",
        ErrorKind::IssuerMismatch { .. } => "issuer_mismatch",
        ErrorKind::AccessDenied => "access_denied",
        ErrorKind::LoginRefused { .. } => "login_refused",
        ErrorKind::RefreshFailed => "refresh_failed",
        ErrorKind::LockBusy { .. } => "lock_busy",
        ErrorKind::CredentialsUnreadable { .. } => "credentials_unreadable",
        ErrorKind::CredentialsUnwritable { .. } => "credentials_unwritable",
        ErrorKind::CredentialsDamaged { .. } => "credentials_damaged",
        ErrorKind::KeyringUnusable { .. } => "keyring_unusable",
        ErrorKind::ChecksFailed { .. } => "unwell",
        ErrorKind::LocalFailure { .. } => "local_failure",
        ErrorKind::Interrupted => "interrupted",
        ErrorKind::ClosedPipe => "closed_pipe",
    }
}

/// The code that the server sent, which takes precedence.
fn server_code(kind: &ErrorKind) -> Option<&str> {
    match kind {
        ErrorKind::Rejected { code, .. }
        | ErrorKind::Forbidden { code, .. }
        | ErrorKind::InvalidRequest { code, .. }
        | ErrorKind::KeyRejected { code, .. } => code.as_deref(),
        ErrorKind::LoginRefused { code, .. } => Some(code),
        _ => None,
    }
}

fn request_id(kind: &ErrorKind) -> Option<&str> {
    match kind {
        ErrorKind::Rejected { request_id, .. }
        | ErrorKind::Forbidden { request_id, .. }
        | ErrorKind::TokensDisabled { request_id, .. }
        | ErrorKind::NotFound { request_id, .. }
        | ErrorKind::InvalidRequest { request_id, .. }
        | ErrorKind::RateLimited { request_id, .. }
        | ErrorKind::ServerError { request_id, .. } => request_id.as_deref(),
        ErrorKind::InsufficientScope(missing) => missing.request_id.as_deref(),
        _ => None,
    }
}

fn retry_after(kind: &ErrorKind) -> Option<u64> {
    match kind {
        ErrorKind::RateLimited { retry_after, .. } => retry_after.as_ref().map(Duration::as_secs),
        _ => None,
    }
}
