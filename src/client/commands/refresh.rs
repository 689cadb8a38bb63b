//! `auth refresh`

use std::sync::Arc;

use serde_json::json;

use super::session;
use crate::client::context::Context;
use crate::client::duration::remaining;
use crate::client::error::Fault;
use crate::client::screen::Mark;
use crate::client::session::{Chosen, Want, obtain};

pub(super) async fn run(context: &Arc<Context>) -> Result<(), Fault> {
    let session = session(context)?;
    let generation = match &session.chosen {
        Chosen::Session { session, .. } => session.generation,
        Chosen::Key { source, .. } => {
            return Err(Fault::Usage {
                message: "There is nothing to refresh".into(),
                hint: Some(format!("The credential {source} is a key, and a key does not expire by itself.")),
            });
        }
    };
    let refreshed = obtain(context, Want::NewerThan { generation }).await?;
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
