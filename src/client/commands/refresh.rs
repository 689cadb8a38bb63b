//! `auth refresh`

use std::sync::Arc;

use serde_json::json;

use super::session;
use crate::client::args::RefreshArgs;
use crate::client::context::Context;
use crate::client::credentials::OauthCredential;
use crate::client::duration::remaining;
use crate::client::error::Fault;
use crate::client::login::{LoginOptions, login};
use crate::client::screen::Mark;
use crate::client::session::{Chosen, Want, obtain};

pub(super) async fn run(context: &Arc<Context>, args: RefreshArgs) -> Result<(), Fault> {
    let session = session(context)?;
    let stored = match &session.chosen {
        Chosen::Session { session, .. } => session,
        Chosen::Key { source, .. } => {
            return Err(Fault::Usage {
                message: "There is nothing to refresh".into(),
                hint: Some(format!("The credential {source} is a key, and a key does not expire by itself.")),
            });
        }
    };
    let more =
        args.scopes.iter().map(|scope| scope.trim_start_matches('+')).filter(|scope| !scope.is_empty());
    let missing: Vec<_> = more.filter(|scope| !stored.scopes.iter().any(|held| held == scope)).collect();
    if !missing.is_empty() {
        return ask_for_more(context, stored, &missing).await;
    }
    let refreshed = obtain(context, Want::NewerThan { generation: stored.generation }).await?;
    if context.screen.is_json() {
        return context.screen.json(&json!({
            "profile": context.profile.as_str(),
            "access_expires_at": refreshed.access_expires_at,
            "session_expires_at": refreshed.session_expires_at,
        }));
    }
    let left = remaining(refreshed.access_expires_at - context.now());
    context.screen.say(
        Mark::Good,
        &format!("Refreshed profile {}: the access token expires in {left}", context.profile),
    );
    Ok(())
}

/// A refresh can only give what the person has allowed, so the person is asked.
async fn ask_for_more(context: &Context, stored: &OauthCredential, missing: &[&str]) -> Result<(), Fault> {
    let held = stored.scopes.iter().map(String::as_str);
    let scopes = held.chain(missing.iter().copied()).map(str::to_owned).collect();
    let account = login(context, &LoginOptions { scopes, ..LoginOptions::default() }).await?;
    if context.screen.is_json() {
        return context.screen.json(&json!({
            "profile": account.profile.as_str(),
            "scopes": account.scopes,
            "access_lifetime": account.access_lifetime.as_secs(),
        }));
    }
    let scopes = account.scopes.join(" ");
    context.screen.say(Mark::Good, &format!("Profile {} has the scopes {scopes}", account.profile));
    Ok(())
}
