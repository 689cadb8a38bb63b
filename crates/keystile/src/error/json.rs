//! An error as one JSON document, with the types and codes that the API uses.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::text::Report;
use super::{Fault, exit};

pub(super) fn document(fault: &Fault, report: &Report) -> Value {
    let mut error = Map::new();
    error.insert("type".into(), type_of(fault).into());
    error.insert("code".into(), server_code(fault).unwrap_or_else(|| code_of(fault)).into());
    error.insert("message".into(), report.headline.as_str().into());
    let (detail, help) =
        report.lines.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    error.insert("detail".into(), detail.into());
    if !help.is_empty() {
        error.insert("help".into(), help.join(" ").into());
    }
    if let Fault::InsufficientScope(missing) = fault {
        error.insert("required_scopes".into(), json!(missing.required));
        error.insert("granted_scopes".into(), json!(missing.granted));
    }
    error.insert("request_id".into(), json!(request_id(fault)));
    error.insert("retry_after".into(), json!(retry_after(fault)));
    error.insert("exit_code".into(), json!(exit::exit_of(fault) as u8));
    json!({ "error": error })
}

fn type_of(fault: &Fault) -> &'static str {
    match fault {
        Fault::Usage { .. }
        | Fault::Config { .. }
        | Fault::KeyFormat { .. }
        | Fault::InsecureUrl { .. }
        | Fault::BadRequest { .. } => "invalid_request",
        Fault::NotAuthenticated
        | Fault::NobodyThere
        | Fault::ForeignHost { .. }
        | Fault::ForeignOrganization { .. }
        | Fault::Rejected { .. }
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
        | Fault::KeyringUnusable { .. } => "auth_error",
        Fault::InsufficientScope(_) | Fault::Forbidden { .. } | Fault::TokensDisabled { .. } => {
            "permission_error"
        }
        Fault::KeyUnverified { cause, .. } => type_of(cause),
        Fault::NotFound { .. } => "not_found",
        Fault::RateLimited { .. } => "rate_limit_error",
        Fault::Server { .. }
        | Fault::Unreachable { .. }
        | Fault::BadAnswer { .. }
        | Fault::WrongAddress { .. } => "api_error",
        Fault::LockBusy { .. }
        | Fault::Unwell { .. }
        | Fault::Local { .. }
        | Fault::Interrupted
        | Fault::ClosedPipe => "client_error",
    }
}

/// The stable name of a fault.
pub(super) fn code_of(fault: &Fault) -> &'static str {
    match fault {
        Fault::Usage { .. } => "usage",
        Fault::Config { .. } => "invalid_config",
        Fault::KeyFormat { .. } => "invalid_key_format",
        Fault::NotAuthenticated | Fault::NobodyThere => "not_authenticated",
        Fault::ForeignHost { .. } => "no_credential_for_host",
        Fault::ForeignOrganization { .. } => "no_credential_for_organization",
        Fault::InsecureUrl { .. } => "insecure_url",
        Fault::Rejected { .. } => "invalid_token",
        Fault::InsufficientScope(_) => "insufficient_scope",
        Fault::Forbidden { .. } => "forbidden",
        Fault::TokensDisabled { .. } => "personal_tokens_disabled",
        Fault::NotFound { .. } => "not_found",
        Fault::BadRequest { .. } => "invalid_request",
        Fault::RateLimited { .. } => "rate_limited",
        Fault::Server { .. } => "server_error",
        Fault::Unreachable { .. } => "unreachable",
        Fault::BadAnswer { .. } => "invalid_answer",
        Fault::WrongAddress { .. } => "wrong_address",
        Fault::LoginTimedOut { .. } => "login_timed_out",
        Fault::CodeExpired { .. } => "expired_token",
        Fault::NoDeviceCodes { .. } => "device_codes_unavailable",
        Fault::NoCodesAllowed => "codes_not_allowed",
        Fault::NothingPasted => "nothing_pasted",
        Fault::NothingPending { .. } => "nothing_pending",
        Fault::KeyRejected { .. } => "invalid_api_key",
        Fault::KeyUnverified { .. } => "key_not_verified",
        Fault::StateMismatch => "state_mismatch",
        Fault::IssuerMismatch { .. } => "issuer_mismatch",
        Fault::Denied => "access_denied",
        Fault::LoginRefused { .. } => "login_refused",
        Fault::RefreshFailed => "refresh_failed",
        Fault::LockBusy { .. } => "lock_busy",
        Fault::CredentialsUnreadable { .. } => "credentials_unreadable",
        Fault::CredentialsUnwritable { .. } => "credentials_unwritable",
        Fault::CredentialsDamaged { .. } => "credentials_damaged",
        Fault::KeyringUnusable { .. } => "keyring_unusable",
        Fault::Unwell { .. } => "unwell",
        Fault::Local { .. } => "local_failure",
        Fault::Interrupted => "interrupted",
        Fault::ClosedPipe => "closed_pipe",
    }
}

/// The server's own code, where it said one.
fn server_code(fault: &Fault) -> Option<&str> {
    match fault {
        Fault::Rejected { code, .. }
        | Fault::Forbidden { code, .. }
        | Fault::BadRequest { code, .. }
        | Fault::KeyRejected { code, .. } => code.as_deref(),
        Fault::LoginRefused { code, .. } => Some(code),
        _ => None,
    }
}

fn request_id(fault: &Fault) -> Option<&str> {
    match fault {
        Fault::Rejected { request_id, .. }
        | Fault::Forbidden { request_id, .. }
        | Fault::TokensDisabled { request_id, .. }
        | Fault::NotFound { request_id, .. }
        | Fault::BadRequest { request_id, .. }
        | Fault::RateLimited { request_id, .. }
        | Fault::Server { request_id, .. } => request_id.as_deref(),
        Fault::InsufficientScope(missing) => missing.request_id.as_deref(),
        _ => None,
    }
}

fn retry_after(fault: &Fault) -> Option<u64> {
    match fault {
        Fault::RateLimited { retry_after, .. } => retry_after.as_ref().map(Duration::as_secs),
        _ => None,
    }
}
