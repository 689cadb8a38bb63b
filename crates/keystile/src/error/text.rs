//! The text of every error. The headline and the line below it are stable; the rest may change.

use std::path::Path;
use std::time::Duration;

use super::report::Report;
use super::{ErrorKind, MissingScope, ScopeRemedy, sign_in};
use crate::brand::Brand;
use crate::duration::in_words;
use crate::keys::KeyProblem;
use crate::source::CredentialSource;

/// The cause if a server has a certificate that is marked as that of an authority, as `openssl req -x509` makes them.
pub(crate) const SELF_SIGNED: &str =
    "its certificate is self-signed and marked as that of a certificate authority";
/// The cause if no trusted authority has signed the certificate of a server.
pub(crate) const UNTRUSTED: &str =
    "its certificate is self-signed, or of an authority that this machine does not trust";

pub(super) fn report(kind: &ErrorKind, brand: &Brand) -> Report {
    let login = brand.command("auth login");
    match kind {
        ErrorKind::Usage { message, hint } => Report::new(message).maybe(hint.clone()),
        ErrorKind::InvalidConfig { path, message } => {
            Report::new(format!("Cannot use {}", path.display())).line(message).line("Correct the file and try again.")
        }
        ErrorKind::InvalidKeyFormat { source, problem } => key_format(source, *problem, brand),
        ErrorKind::NotAuthenticated => not_authenticated(brand, &login),
        ErrorKind::NotInteractive => not_authenticated(brand, &login).line(format!(
            "There is no terminal to prompt on. `{login} --device` prints a code and needs no terminal."
        )),
        ErrorKind::HostMismatch { source, asked, bound } => host_mismatch(source, asked, bound, brand),
        ErrorKind::OrganizationMismatch { source, asked, bound } => {
            Report::new(format!("No credential for the organization {asked}"))
                .line(format!("The credential {source} belongs to {bound}."))
                .line(format!("Sign in for it with a profile of its own: `{login} --org {asked} --profile NAME`."))
        }
        ErrorKind::InsecureUrl { url } => Report::new(format!("Refusing plain http to {url}"))
            .line("A credential is sent over https only, except to this machine."),
        ErrorKind::Rejected { source, request_id, .. } => Report::new("The credential was rejected (401)")
            .line(format!("The server did not accept the credential {source}.{}", in_parentheses(request_id.as_deref())))
            .line(match source {
                CredentialSource::Profile(_) | CredentialSource::NewLogin => format!("Run `{login}` to sign in again."),
                CredentialSource::Flag | CredentialSource::Variable(_) => {
                    "Check that it is complete, not revoked, and meant for this server.".into()
                }
            }),
        ErrorKind::InsufficientScope(missing) => insufficient_scope(missing, brand),
        ErrorKind::Forbidden { source, message, request_id, .. } => Report::new("Permission denied (403)")
            .line(format!("{message}{}", in_parentheses(request_id.as_deref())))
            .line(format!("The request was sent with the credential {source}.")),
        ErrorKind::TokensDisabled { organization, settings_url, .. } => {
            sign_in::tokens_disabled(organization.as_deref(), settings_url.clone())
        }
        ErrorKind::NotFound { message, request_id } => {
            Report::new("Not found").line(format!("{message}{}", in_parentheses(request_id.as_deref())))
        }
        ErrorKind::InvalidRequest { status, message, request_id, .. } => {
            Report::new(format!("The request was refused ({status})"))
                .line(format!("{message}{}", in_parentheses(request_id.as_deref())))
        }
        ErrorKind::RateLimited { message, retry_after, .. } => rate_limited(message.as_deref(), *retry_after),
        ErrorKind::ServerError { status, request_id } => Report::new(format!("Server error ({status})")).line(format!(
            "The {} API returned an error. Try again{}.{}",
            brand.name(),
            brand.status_page().map_or_else(|| " in a minute".into(), |page| format!(", then check {page}")),
            request_id.as_deref().map(|id| format!(" (request {id})")).unwrap_or_default(),
        )),
        ErrorKind::Unreachable { host, cause, proxy } => unreachable(host, cause, proxy.as_deref(), brand),
        ErrorKind::InvalidResponse { host, what } => {
            Report::new(format!("{host} sent an invalid response")).line(format!("{what}."))
        }
        ErrorKind::WrongIssuer { asked, address } => Report::new(format!("{asked} is not the address of this server"))
            .line(format!("It is reached at {address}. Run `{login} --issuer {address}`.")),
        ErrorKind::LoginTimedOut { after } => sign_in::timed_out(*after, &login),
        ErrorKind::CodeExpired { after } => sign_in::code_expired(*after, &login),
        ErrorKind::DeviceCodesUnavailable { host } => sign_in::no_device_codes(host, &login),
        ErrorKind::CodesDisabled => sign_in::no_codes_allowed(&login),
        ErrorKind::NoCodePasted => sign_in::nothing_pasted(&login),
        ErrorKind::NoPendingLogin { handle } => sign_in::nothing_pending(handle, &login),
        ErrorKind::KeyRejected { profile, kept, keys_url, .. } => {
            sign_in::key_rejected(profile, kept.as_deref(), keys_url.as_deref())
        }
        ErrorKind::KeyUnverified { profile, kept, cause } => sign_in::key_unverified(profile, kept, cause),
        ErrorKind::StateMismatch => Report::new("OAuth state mismatch")
            .line("The browser callback did not match the original session token. Possible CSRF — aborting."),
        ErrorKind::IssuerMismatch { issuer } => Report::new("OAuth issuer mismatch").line(format!(
            "The browser callback came from {} and not from the server that was asked. Possible mix-up — aborting.",
            issuer.as_deref().unwrap_or("an unnamed server")
        )),
        ErrorKind::AccessDenied => Report::new("Sign-in was denied")
            .line("You chose Deny on the approval page, or could not approve there. Nothing was stored."),
        ErrorKind::LoginRefused { code, description } if code == "invalid_scope" => {
            Report::new(format!("Sign-in failed ({code})"))
                .line(description.clone().unwrap_or_else(|| "The server gave no reason.".into()))
                .line(format!("Nothing was stored. Run `{login} --force` to ask for the default scopes of the tool."))
        }
        ErrorKind::LoginRefused { code, description } => Report::new(format!("Sign-in failed ({code})"))
            .line(description.clone().unwrap_or_else(|| "The server gave no reason.".into()))
            .maybe((code == "invalid_client").then(|| {
                "The operator of the server has to register this tool: `keystiled client add` does on Keystile.".into()
            }))
            .line("Nothing was stored."),
        ErrorKind::RefreshFailed => sign_in::refresh_failed(&login),
        ErrorKind::LockBusy { path, after } => lock_busy(path, *after),
        ErrorKind::CredentialsUnreadable { path, cause, remedy } => {
            Report::new(format!("Cannot read {}: {cause}", path.display())).maybe(remedy.clone())
        }
        ErrorKind::CredentialsDamaged { path, line, column, kept_as } => {
            Report::new(format!("{} is not valid JSON (line {line}, column {column})", path.display()))
                .line(format!("Fix it, or run `{login}`: the damaged file is kept as {kept_as}."))
        }
        ErrorKind::CredentialsUnwritable { what, cause } | ErrorKind::LocalFailure { what, cause } => Report::new(format!("Could not {what}")).line(format!("{cause}.")),
        ErrorKind::KeyringUnusable { cause } => keyring(cause, brand),
        ErrorKind::ChecksFailed { checks, .. } => checks_failed(checks),
        ErrorKind::Interrupted => Report::new("Stopped"),
        ErrorKind::ClosedPipe => Report::new("Nobody reads the output"),
    }
}

fn lock_busy(path: &Path, after: Duration) -> Report {
    let held = format!("It has held {} for {}. Try again.", path.display(), in_words(after));
    Report::new("Another process is busy with the same file").line(held)
}

fn host_mismatch(source: &CredentialSource, asked: &str, bound: &str, brand: &Brand) -> Report {
    let remedy = match source {
        CredentialSource::Variable(_) => format!(
            "If it is for {asked}, set {} or {} next to it, or name the key with --api-key too.",
            brand.variable("ISSUER"),
            brand.variable("API_BASE")
        ),
        CredentialSource::Flag | CredentialSource::Profile(_) | CredentialSource::NewLogin => {
            format!(
                "Sign in there with a profile of its own: `{} --profile NAME`.",
                brand.command("auth login")
            )
        }
    };
    Report::new(format!("No credential for {asked}"))
        .line(format!("The credential {source} belongs to {bound} and is sent nowhere else."))
        .line(remedy)
}

fn not_authenticated(brand: &Brand, login: &str) -> Report {
    let report = Report::new("Not authenticated");
    if brand.key_prefixes().is_empty() {
        return report.line(format!("Run `{login}` to sign in with your browser."));
    }
    report
        .line(format!(
            "Run `{login}` and paste your API key, or sign in with your browser. (See `{login} --help`.)"
        ))
        .line(format!("In scripts and CI, set {}.", brand.variable("API_KEY")))
}

fn key_format(source: &CredentialSource, problem: KeyProblem, brand: &Brand) -> Report {
    let origin = match source {
        CredentialSource::Flag => "--api-key".to_owned(),
        CredentialSource::Variable(name) => name.clone(),
        CredentialSource::Profile(profile) => format!("profile {}", profile.name),
        CredentialSource::NewLogin => "your input".to_owned(),
    };
    if brand.key_prefixes().is_empty() {
        return Report::new(format!("{} takes no API keys", brand.name()))
            .line(format!("The key (from {origin}) was sent nowhere. Sign in with your browser instead."));
    }
    Report::new(format!("That doesn't look like {} key", with_article(brand.name())))
        .line(format!(
            "Expected a token starting with {}, at least {} characters (from {origin}).",
            brand.key_prefixes().join(" or "),
            crate::keys::SHORTEST_KEY,
        ))
        .line(match problem {
            KeyProblem::Bearer => "The value starts with \"Bearer \". Paste only the token, without quotes.",
            KeyProblem::Quoted => "The value is in quotes. Paste only the token, without quotes.",
            KeyProblem::UnknownPrefix => "The value has another prefix.",
            KeyProblem::TooShort => "The value is too short. Was the whole token pasted?",
            KeyProblem::InvalidCharacter => "The value contains a character that tokens never contain.",
            KeyProblem::Checksum => "The checksum does not match: the value has a typo.",
        })
}

fn insufficient_scope(missing: &MissingScope, brand: &Brand) -> Report {
    let needs = missing.required.join(" ");
    let has = if missing.granted.is_empty() { "none".to_owned() } else { missing.granted.join(" ") };
    let remedy = match (missing.remedy, &missing.keys_url) {
        (ScopeRemedy::SignIn, _) => {
            format!("Run `{} --scopes {}`.", brand.command("auth refresh"), missing.required.join(","))
        }
        (ScopeRemedy::NotHeld, _) => {
            format!("Your role does not include {needs}. Ask an owner or admin of the organization.")
        }
        (ScopeRemedy::Key, Some(url)) => format!("Create a key with it at {url},"),
        (ScopeRemedy::Key, None) => format!("Use a key that has it; the key {} does not.", missing.source),
    };
    let is_key = missing.remedy == ScopeRemedy::Key;
    let swap = missing.keys_url.as_ref().filter(|_| is_key).map(|_| {
        format!(
            "then `{}` to swap it in. The request was sent with the key {}.",
            brand.command("auth login"),
            missing.source
        )
    });
    let holder = if is_key { "API key" } else { "sign-in" };
    Report::new("Insufficient permissions")
        .line(format!("Your {holder} does not have the required scope for this operation."))
        .line(format!("Needs {needs}, has {has}. {remedy}"))
        .maybe(swap)
}

fn rate_limited(message: Option<&str>, retry_after: Option<Duration>) -> Report {
    Report::new(message.unwrap_or("Rate limited")).line(match retry_after {
        Some(wait) => format!("Retry in {}s. Slow down and retry shortly.", wait.as_secs()),
        None => "Slow down and retry shortly.".into(),
    })
}

fn unreachable(host: &str, cause: &str, proxy: Option<&str>, brand: &Brand) -> Report {
    let proxy = proxy.map(|proxy| format!(" Checked {proxy}.")).unwrap_or_default();
    let bundle = brand.variable("CA_BUNDLE");
    let authority = match cause {
        SELF_SIGNED => Some(format!(
            "Give the server one that is not (openssl req -addext basicConstraints=critical,CA:FALSE), and set {bundle} \
             to its file."
        )),
        UNTRUSTED => Some(format!(
            "If it was signed by a private certificate authority, set {bundle} to its certificate."
        )),
        cause if cause.contains("expired") || cause.contains("not valid yet") => Some(
            "Check the clock of this machine. If it is right, the operator of the server must renew it."
                .into(),
        ),
        cause if cause.contains("not valid for name") => {
            Some("Use a name that the certificate is for, with --issuer.".into())
        }
        _ => None,
    };
    let report =
        Report::new(format!("Cannot reach {host}")).line(format!("{cause}.{proxy}")).maybe(authority);
    // A tool with commands of its own has no such command.
    if cfg!(feature = "cli") { report.advise(brand.command("auth doctor")) } else { report }
}

fn keyring(cause: &str, brand: &Brand) -> Report {
    let login = brand.command("auth login");
    Report::new("Cannot use the keyring of this system").line(format!("{cause}.")).line(format!(
        "Unlock it, or keep credentials in the file: set {}=file and run `{login}` again.",
        brand.variable("CREDENTIAL_STORE")
    ))
}

fn checks_failed(checks: &[&str]) -> Report {
    Report::new(match checks {
        [one] => format!("A check failed: {one}"),
        several => format!("{} checks failed: {}", several.len(), several.join(", ")),
    })
}

fn in_parentheses(request_id: Option<&str>) -> String {
    request_id.map(|id| format!(" (request {id})")).unwrap_or_default()
}

fn with_article(word: &str) -> String {
    let vowel = word.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']);
    format!("{} {word}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
