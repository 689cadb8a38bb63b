//! Selects the credential in use, and offers a login if there is none.

use std::sync::Arc;

use super::context::Context;
use super::error::ErrorKind;
use super::login::{LoginOptions, login};
use super::offload::offload;
use super::output::Icon;
use super::session::{Session, choose};
use super::source::ProfileSelection;

/// The credential in use, without a login.
pub(crate) fn session(context: &Arc<Context>) -> Result<Session, ErrorKind> {
    let Some(chosen) = choose(context)? else {
        if let ProfileSelection::Project(path) = &context.selected_by {
            let notice = format!("Profile {} is selected by {}", context.profile, path.display());
            context.output.say(Icon::Attention, &notice);
        }
        return Err(ErrorKind::NotAuthenticated);
    };
    Ok(Session::new(context.clone(), chosen))
}

/// The credential in use. If there is none, asks a user at a terminal to sign in.
pub(crate) async fn session_or_login(context: &Arc<Context>) -> Result<Session, ErrorKind> {
    let select = || {
        let context = context.clone();
        offload(move || session(&context))
    };
    match select().await {
        Err(ErrorKind::NotAuthenticated) if context.interactive => {
            let question = match context.place() {
                Ok(place) => format!(
                    "You are not signed in to {} (profile {}). Sign in with your browser now?",
                    place.issuer.host(),
                    place.profile
                ),
                Err(_) => "You are not signed in. Sign in with your browser now?".to_owned(),
            };
            if context.confirm(question).await != Some(true) {
                return Err(ErrorKind::NotAuthenticated);
            }
            login(context, &LoginOptions::default()).await?;
            select().await
        }
        session => session,
    }
}
