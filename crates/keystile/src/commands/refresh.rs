//! `auth refresh`

use std::sync::Arc;

use serde_json::json;

use super::session;
use crate::args::RefreshArgs;
use crate::context::Context;
use crate::credentials::OauthCredential;
use crate::duration::remaining;
use crate::error::ErrorKind;
use crate::login::{CompletedLogin, LoginOptions, login};
use crate::output::Icon;
use crate::session::{ActiveCredential, TokenNeed, obtain};

pub(super) async fn run(context: &Arc<Context>, args: RefreshArgs) -> Result<(), ErrorKind> {
    let session = session(context)?;
    let stored = match &session.chosen {
        ActiveCredential::Session { session, .. } => session,
        ActiveCredential::Key { source, .. } => {
            return Err(ErrorKind::Usage {
                message: "There is nothing to refresh".into(),
                hint: Some(format!(
                    "The credential {source} is a key, which has no access token to refresh."
                )),
            });
        }
    };
    let more =
        args.scopes.iter().map(|scope| scope.trim_start_matches('+')).filter(|scope| !scope.is_empty());
    let missing: Vec<_> = more.filter(|scope| !stored.scopes.iter().any(|held| held == scope)).collect();
    if !missing.is_empty() {
        return print_scopes(context, &sign_in_again(context, stored, &missing).await?);
    }
    let refreshed = obtain(context, stored, TokenNeed::NewerThan { generation: stored.generation }).await?;
    if context.output.is_json() {
        return context.output.json(&json!({
            "profile": context.profile.as_str(),
            "access_expires_at": refreshed.access_expires_at,
            "session_expires_at": refreshed.session_expires_at,
        }));
    }
    let left = remaining(refreshed.access_expires_at - context.now());
    context.output.say(
        Icon::Good,
        &format!("Refreshed profile {}: the access token expires in {left}", context.profile),
    );
    Ok(())
}

/// Signs in again for the scopes of the session and the missing ones.
pub(super) async fn add_scopes(context: &Arc<Context>, missing: &[&str]) -> Result<(), ErrorKind> {
    match &session(context)?.chosen {
        ActiveCredential::Session { session, .. } => sign_in_again(context, session, missing).await.map(drop),
        ActiveCredential::Key { .. } => Err(ErrorKind::NotAuthenticated),
    }
}

/// Signs in again, because a refresh cannot add scopes (RFC 6749, section 6).
async fn sign_in_again(
    context: &Context,
    stored: &OauthCredential,
    missing: &[&str],
) -> Result<CompletedLogin, ErrorKind> {
    let held = stored.scopes.iter().map(String::as_str);
    let scopes = held.chain(missing.iter().copied()).map(str::to_owned).collect();
    login(context, &LoginOptions { scopes, ..LoginOptions::default() }).await
}

fn print_scopes(context: &Context, account: &CompletedLogin) -> Result<(), ErrorKind> {
    if context.output.is_json() {
        return context.output.json(&json!({
            "profile": account.profile.as_str(),
            "scopes": account.scopes,
            "access_lifetime": account.access_lifetime.as_secs(),
        }));
    }
    let scopes = account.scopes.join(" ");
    context.output.say(Icon::Good, &format!("Profile {} has the scopes {scopes}", account.profile));
    Ok(())
}
