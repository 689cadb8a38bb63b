//! `auth logout`

use std::time::Duration;

use serde_json::{Value, json};

use crate::args::LogoutArgs;
use crate::context::Context;
use crate::credentials::{Credential, CredentialState, OauthCredential, SwapResult};
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::profile::ProfileName;
use crate::session::{lock_profile, revoke};

/// How long a revocation may take without a message.
const PATIENCE: Duration = Duration::from_secs(2);

/// What happened to the session at the server.
enum AtServer {
    Revoked,
    /// There was nothing to revoke: an API key, or a session that had ended.
    Nothing,
    /// Not revoked, because of `--local`.
    Skipped,
    Failed(ErrorKind),
}

pub(super) async fn run(context: &Context, args: LogoutArgs) -> Result<(), ErrorKind> {
    let profiles = if args.all {
        context.store.read()?.iter().map(|(name, _)| name.clone()).collect()
    } else {
        vec![context.profile.clone()]
    };
    let mut documents = Vec::new();
    let mut failure = None;
    for profile in &profiles {
        match sign_out(context, profile, args.local).await {
            Ok(document) => documents.extend(document),
            // The other profiles are signed out all the same.
            Err(kind) if failure.is_none() => failure = Some(kind),
            Err(kind) => context.ui.notice(&context.error(kind).to_string()),
        }
    }
    if let Some(kind) = failure {
        return Err(kind);
    }
    if context.output.is_json() {
        return context.output.json(&json!({ "signed_out": documents }));
    }
    if documents.is_empty() {
        context.output.tell(&match profiles.as_slice() {
            [profile] => format!("Profile {profile} is not signed in."),
            _ => "No profile is signed in.".into(),
        });
    }
    Ok(())
}

/// Revokes the session, then removes the credential, so that an interruption leaves no unknown session at the server.
pub(super) async fn sign_out(
    context: &Context,
    profile: &ProfileName,
    local: bool,
) -> Result<Option<Value>, ErrorKind> {
    let _lock = lock_profile(context, profile).await?;
    let Some(credential) = context.store.read()?.get(profile).cloned() else { return Ok(None) };
    let at_server = match &credential {
        Credential::Oauth(session) => revoke_at_server(context, session, local).await,
        Credential::ApiKey(_) => AtServer::Nothing,
    };
    match context.store.compare_and_swap(profile, Some(credential.generation()), None) {
        Ok(SwapResult::Done) => {}
        Err(kind) => return Err(not_removed(kind, profile, &at_server)),
        Ok(SwapResult::Conflict) => {
            return Err(ErrorKind::LocalFailure {
                what: format!("sign out of profile {profile}"),
                cause: "another process signed in to it at the same time. Try again".into(),
            });
        }
    }
    report(context, profile, &credential, &at_server);
    let revoked = matches!(at_server, AtServer::Revoked);
    Ok(Some(json!({ "profile": profile.as_str(), "revoked": revoked })))
}

/// The error for credentials that could not be removed, which says that their session has ended if it has.
fn not_removed(kind: ErrorKind, profile: &ProfileName, at_server: &AtServer) -> ErrorKind {
    match (at_server, kind) {
        (AtServer::Revoked, ErrorKind::CredentialsUnwritable { what, cause }) => {
            let ended = format!(
                "The session of profile {profile} is revoked; only its tokens, which are of no use, are left"
            );
            ErrorKind::CredentialsUnwritable { what, cause: format!("{cause}. {ended}") }
        }
        (AtServer::Revoked | AtServer::Nothing | AtServer::Skipped | AtServer::Failed(_), kind) => kind,
    }
}

async fn revoke_at_server(context: &Context, session: &OauthCredential, local: bool) -> AtServer {
    match (&session.refresh_token, session.state) {
        (None, _) | (_, CredentialState::NeedsLogin) => AtServer::Nothing,
        (Some(_), CredentialState::Ok) if local => AtServer::Skipped,
        (Some(token), CredentialState::Ok) => {
            match announced(context, session, revoke(context, session, token)).await {
                Ok(()) => AtServer::Revoked,
                Err(kind) => AtServer::Failed(kind),
            }
        }
    }
}

/// Says what the command waits for, if that takes longer than usual.
async fn announced<T>(
    context: &Context,
    session: &OauthCredential,
    revoked: impl Future<Output = Result<T, ErrorKind>>,
) -> Result<T, ErrorKind> {
    let mut revoked = std::pin::pin!(revoked);
    tokio::select! {
        ended = &mut revoked => return ended,
        () = tokio::time::sleep(PATIENCE) => {}
    }
    context.output.tell(&format!(
        "Waiting for {} to revoke the session. `{}` does not ask the server.",
        session.issuer.host(),
        context.brand().command("auth logout --local")
    ));
    revoked.await
}

fn report(context: &Context, profile: &ProfileName, credential: &Credential, at_server: &AtServer) {
    let screen = &context.output;
    let session = credential.as_oauth();
    let server = session.map(|session| session.issuer.host()).unwrap_or_default();
    let on_this_machine = match at_server {
        AtServer::Revoked => {
            let text = format!(
                "Signed out of profile {profile}: session revoked at {server}, local credentials removed."
            );
            return screen.say(Icon::Good, &text);
        }
        AtServer::Nothing => {
            let text = format!("Signed out of profile {profile}: local credentials removed.");
            return screen.say(Icon::Good, &text);
        }
        AtServer::Skipped => "the session was not revoked.".to_owned(),
        AtServer::Failed(ErrorKind::Unreachable { .. }) => {
            format!("could not reach {server} to revoke the session.")
        }
        AtServer::Failed(kind) => {
            let error = context.error(kind.clone()).to_string();
            let headline = error.lines().next().unwrap_or_default();
            format!("{server} did not revoke the session ({headline}).")
        }
    };
    screen.say(
        Icon::Attention,
        &format!("Signed out of profile {profile} on this machine only: {on_this_machine}"),
    );
    if let Some(session) = session {
        let until = session
            .session_expires_at
            .map(|end| format!("It stays valid until {}. ", end.format("%Y-%m-%d")))
            .unwrap_or_default();
        screen.tell(&format!("  {until}Revoke it at {}/cli-sessions", session.issuer));
    }
}
