//! `auth logout`

use serde_json::{Value, json};

use crate::args::LogoutArgs;
use crate::context::Context;
use crate::credentials::{Credential, OauthCredential};
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::profile::ProfileName;
use crate::session::{self, AtServer};

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

/// Signs out of a profile and reports it; `None` if the profile is empty.
pub(super) async fn sign_out(
    context: &Context,
    profile: &ProfileName,
    local: bool,
) -> Result<Option<Value>, ErrorKind> {
    let slow = |session: &OauthCredential| {
        context.output.tell(&format!(
            "Waiting for {} to revoke the session. `{}` does not ask the server.",
            session.issuer.host(),
            context.brand().command("auth logout --local")
        ));
    };
    let Some(removed) = session::sign_out(context, profile, local, slow).await? else { return Ok(None) };
    report(context, profile, &removed.credential, &removed.at_server);
    let revoked = matches!(removed.at_server, AtServer::Revoked);
    Ok(Some(json!({ "profile": profile.as_str(), "revoked": revoked })))
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
            screen.say(Icon::Good, &text);
            if session.is_none() {
                let revoke = context.brand().command("key revoke ID");
                screen.tell(&format!("The key stays valid. Revoke it with `{revoke}`."));
            }
            return;
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
