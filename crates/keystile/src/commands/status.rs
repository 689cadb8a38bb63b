//! `auth status`: exit 0 signed in, 2 not, 3 could not check.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{profile, session, whoami};
use crate::args::StatusArgs;
use crate::context::Context;
use crate::credentials::{
    AccountRef, Credential, CredentialState, OauthCredential, OrgRef, SignedInBy, method_of,
};
use crate::duration::remaining;
use crate::error::ErrorKind;
use crate::output::{Icon, labeled};
use crate::session::{ActiveCredential, Session, key_variable};
use crate::source::CredentialSource;

/// The state of the credential, from the file and the server.
#[derive(Default)]
struct Status {
    method: &'static str,
    signed_in_by: Option<SignedInBy>,
    account: Option<AccountRef>,
    org: Option<OrgRef>,
    scopes: Vec<String>,
    credential: Option<String>,
    access_expires_at: Option<DateTime<Utc>>,
    session_expires_at: Option<DateTime<Utc>>,
    refreshable: bool,
    in_keyring: bool,
    api_base: Option<String>,
    verified: bool,
    warnings: Vec<String>,
}

pub(super) async fn run(context: &Arc<Context>, args: StatusArgs) -> Result<(), ErrorKind> {
    let session = match session(context) {
        Ok(session) => session,
        Err(kind) => {
            print_absent(context, is_absent(&kind))?;
            return Err(kind);
        }
    };
    let mut status = local(&session);
    let checked = if args.offline { offline(&session) } else { online(&session, &mut status).await };
    status.warnings.extend(context.store.take_warnings());
    status.warnings.extend(hidden_variable(context, session.source())?);
    let others = if args.all { profile::others(context)? } else { Vec::new() };
    match &checked {
        // Without the server, shows what the file says.
        Err(kind) if !kind.is_transient() => print_absent(context, is_absent(kind))?,
        Ok(()) | Err(_) => print(context, &session, &status, checked.is_ok(), &others)?,
    }
    match checked {
        // Exit code 3 means "could not check".
        Err(ErrorKind::RateLimited { request_id, .. }) => {
            Err(ErrorKind::ServerError { status: 429, request_id })
        }
        checked => checked,
    }
}

fn local(session: &Session) -> Status {
    match &session.chosen {
        ActiveCredential::Session { session, .. } => Status { method: "oauth", ..stored(session) },
        ActiveCredential::Key { key, target, .. } => Status {
            method: method_of(key),
            credential: Some(key.masked(session.context.brand())),
            api_base: target.api_base.as_ref().map(ToString::to_string),
            ..Status::default()
        },
    }
}

fn stored(session: &OauthCredential) -> Status {
    Status {
        signed_in_by: session.signed_in_by,
        account: session.account.clone(),
        org: session.org.clone(),
        scopes: session.scopes.clone(),
        credential: session.session_id.clone(),
        access_expires_at: Some(session.access_expires_at),
        session_expires_at: session.session_expires_at,
        refreshable: session.refresh_token.is_some(),
        in_keyring: Credential::from(session.clone()).is_in_keyring(),
        api_base: Some(session.api_base.to_string()),
        ..Status::default()
    }
}

/// The sign-in method of the session, as a prefix of its name.
fn sign_in_method(by: Option<SignedInBy>) -> &'static str {
    match by {
        Some(SignedInBy::Browser) => "browser sign-in, ",
        Some(SignedInBy::DeviceCode) => "sign-in by device code, ",
        Some(SignedInBy::PastedCode) => "sign-in by copied code, ",
        Some(SignedInBy::Other) | None => "",
    }
}

/// Without the server, only the file tells whether the session has ended.
fn offline(session: &Session) -> Result<(), ErrorKind> {
    match &session.chosen {
        ActiveCredential::Session { session, .. } if session.state == CredentialState::NeedsLogin => {
            Err(ErrorKind::RefreshFailed)
        }
        ActiveCredential::Session { .. } | ActiveCredential::Key { .. } => Ok(()),
    }
}

async fn online(session: &Session, status: &mut Status) -> Result<(), ErrorKind> {
    let whoami = whoami::ask(session).await?;
    // The request may have refreshed the session.
    if let Some(current) = session.context.stored_session()?
        && let ActiveCredential::Session { .. } = session.chosen
    {
        *status = Status { method: status.method, ..stored(&current) };
    }
    status.account = Some(whoami.account());
    status.org = whoami.org();
    status.scopes.clone_from(&whoami.scopes);
    if status.method == "oauth" {
        status.credential = Some(whoami.credential.id);
    }
    if status.api_base.is_none() {
        status.api_base = Some(session.api_base().await?.to_string());
    }
    status.verified = true;
    Ok(())
}

/// Warns of a variable that takes precedence over the profile.
fn hidden_variable(context: &Context, source: &CredentialSource) -> Result<Option<String>, ErrorKind> {
    let is_stored = matches!(source, CredentialSource::Profile(_));
    let variable = key_variable(context)?.filter(|_| is_stored);
    Ok(variable.map(|(name, _)| format!("{name} is set and would be used instead without --profile")))
}

/// Whether an error means that the user is not signed in. Others, such as a file that cannot be read, leave that open.
fn is_absent(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotAuthenticated
            | ErrorKind::HostMismatch { .. }
            | ErrorKind::OrganizationMismatch { .. }
            | ErrorKind::Rejected { .. }
            | ErrorKind::RefreshFailed
            | ErrorKind::TokensDisabled { .. }
    )
}

/// The value of `authenticated`: `null` if it is not known.
fn authenticated(known: Option<bool>) -> Value {
    known.map_or(Value::Null, Value::Bool)
}

fn print_absent(context: &Context, is_absent: bool) -> Result<(), ErrorKind> {
    if !context.output.is_json() {
        return Ok(());
    }
    context.output.json(&json!({
        "profile": context.profile.as_str(),
        "profile_selected_by": context.selected_by.to_string(),
        "authenticated": authenticated(is_absent.then_some(false)),
        "verified": false,
        "warnings": context.store.take_warnings(),
    }))
}

fn print(
    context: &Context,
    session: &Session,
    status: &Status,
    is_known: bool,
    others: &[Value],
) -> Result<(), ErrorKind> {
    let screen = &context.output;
    if screen.is_json() {
        return screen.json(&json!({
            "profile": context.profile.as_str(),
            "profile_selected_by": context.selected_by.to_string(),
            "authenticated": authenticated(is_known.then_some(true)),
            "verified": status.verified,
            "method": status.method,
            "signed_in_by": status.signed_in_by,
            "source": if status.in_keyring { "keyring" } else { session.source().kind() },
            "account": status.account,
            "org": status.org,
            "scopes": status.scopes,
            "credential": status.credential,
            "access_expires_at": status.access_expires_at,
            "session_expires_at": status.session_expires_at,
            "refreshable": status.refreshable,
            "api_base": status.api_base,
            "warnings": status.warnings,
            "other_profiles": others,
        }));
    }
    let icon = if is_known { Icon::Good } else { Icon::Attention };
    let server = status
        .api_base
        .as_deref()
        .map_or("", |base| base.trim_start_matches("https://").trim_start_matches("http://"));
    let to = if server.is_empty() { String::new() } else { format!(" to {server}") };
    let as_whom =
        status.account.as_ref().map(|account| format!(" as {}", account.display_name())).unwrap_or_default();
    screen.headline(icon, &format!("Signed in{to}{as_whom}"))?;
    for line in details(context, session.source(), status) {
        screen.data(&line)?;
    }
    for warning in &status.warnings {
        screen.say(Icon::Attention, warning);
    }
    for other in others {
        let text = |name: &str| other[name].as_str().unwrap_or_default();
        let account = other["account"]["email"].as_str().unwrap_or("not checked");
        screen.data("")?;
        screen.data(&format!("  {}: {account} {}", text("name"), text("issuer")))?;
    }
    Ok(())
}

fn details(context: &Context, source: &CredentialSource, status: &Status) -> Vec<String> {
    let is_active = context.config.active_profile.clone().unwrap_or_default() == context.profile;
    let mut lines = Vec::new();
    match source {
        CredentialSource::Profile(stored) => {
            let active = if is_active { " (active)" } else { "" };
            let selected = stored.selected_by.suffix();
            lines.push(labeled("Profile", &format!("{}{active}{selected}", stored.name)));
        }
        CredentialSource::Flag | CredentialSource::Variable(_) | CredentialSource::NewLogin => {}
    }
    if let Some(org) = &status.org {
        lines.push(labeled("Organization", &format!("{} ({})", org.display_name(), org.id)));
    }
    let credential = status.credential.as_deref().unwrap_or("unknown");
    lines.push(labeled(
        "Method",
        &match status.method {
            "oauth" => format!("{}CLI session {credential}", sign_in_method(status.signed_in_by)),
            "pat" => format!("personal token {credential}"),
            _ => format!("API key {credential}"),
        },
    ));
    lines.push(labeled(
        "Source",
        &match source {
            CredentialSource::Profile(stored) => context.paths.display(&stored.path),
            CredentialSource::Flag => "--api-key".into(),
            CredentialSource::Variable(name) => name.clone(),
            CredentialSource::NewLogin => "this sign-in".into(),
        },
    ));
    if let Some(end) = status.access_expires_at {
        let left = end - context.now();
        let renewal = if status.refreshable { ", refreshes automatically" } else { "" };
        let when =
            if left.num_seconds() > 0 { format!("expires in {}", remaining(left)) } else { "expired".into() };
        lines.push(labeled("Access token", &format!("{when}{renewal}")));
    }
    if !status.scopes.is_empty() {
        lines.push(labeled("Scopes", &status.scopes.join(" ")));
    }
    lines
}
