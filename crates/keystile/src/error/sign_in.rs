//! Texts of login and session errors.

use std::time::Duration;

use super::report::Report;
use super::{ErrorKind, json};
use crate::duration::in_words;
use crate::profile::ProfileName;

pub(super) fn timed_out(after: Duration, login: &str) -> Report {
    Report::new("OAuth flow timed out").line(format!(
        "No callback received within {}. Try again, or use `{login} --device` or `--api-key` instead.",
        in_words(after)
    ))
}

pub(super) fn code_expired(after: Duration, login: &str) -> Report {
    Report::new("The sign-in code has expired")
        .line(format!("Nobody approved it within {}. Run `{login} --device` for a new one.", in_words(after)))
}

pub(super) fn no_device_codes(host: &str, login: &str) -> Report {
    Report::new(format!("{host} does not issue device codes to this tool"))
        .line(format!("Run `{login} --no-browser` and paste a code instead."))
}

pub(super) fn no_codes_allowed(login: &str) -> Report {
    Report::new("Your organization allows neither copied codes nor device codes").line(format!(
        "Nothing was stored. Run `{login} --browser` where a browser can open, or ask an owner to change this at \
         Settings > API access."
    ))
}

pub(super) fn nothing_pasted(login: &str) -> Report {
    Report::new("No code was pasted")
        .line(format!("Nothing was stored. Run `{login} --no-browser` to try again."))
}

pub(super) fn nothing_pending(handle: &str, login: &str) -> Report {
    Report::new(format!("There is no pending sign-in {handle}"))
        .line(format!("It has ended, or was started by another user. Run `{login} --start` for a new one."))
}

pub(super) fn key_rejected(profile: &ProfileName, kept: Option<&str>, keys_url: Option<&str>) -> Report {
    let kept = kept.map(|kept| format!("Profile {profile} still uses {kept}. ")).unwrap_or_default();
    let place = keys_url.map(|url| format!(" at {url}")).unwrap_or_default();
    Report::new("The key was rejected (401), so it was not stored")
        .line(format!("{kept}Create a new key{place} and try again."))
}

pub(super) fn key_unverified(profile: &ProfileName, kept: &str, cause: &ErrorKind) -> Report {
    Report::new("The key could not be verified, so it was not stored")
        .line(format!("{}. Profile {profile} still uses {kept}.", in_short(cause)))
        .line("Try again, or use --force to store it anyway.")
}

pub(super) fn tokens_disabled(organization: Option<&str>, settings_url: Option<String>) -> Report {
    let organization = organization.unwrap_or("your organization");
    let end = if settings_url.is_some() { ":" } else { "." };
    Report::new(format!("Personal access tokens are not enabled for {organization} (403)"))
        .line(format!(
            "An organization admin can turn them on at Settings > API access > Personal tokens{end}"
        ))
        .maybe(settings_url)
}

pub(super) fn refresh_failed(login: &str) -> Report {
    // The stable text says 401, whatever status the token endpoint sent.
    Report::new("Session refresh failed (401)")
        .line(format!("Re-run `{login} --browser` to get fresh credentials."))
        .line("The session was revoked, signed out elsewhere, or its rotation was not saved. Your data is safe; only the")
        .line("local credentials are stale.")
}

/// The error as part of a sentence.
pub(crate) fn in_short(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::Unreachable { cause, .. } => cause.clone(),
        ErrorKind::ServerError { status, .. } => format!("the server answered {status}"),
        ErrorKind::RateLimited { .. } => "rate limited".into(),
        ErrorKind::InvalidResponse { what, .. } => what.clone(),
        other => json::code_of(other).replace('_', " "),
    }
}
