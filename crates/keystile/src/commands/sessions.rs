//! `auth sessions`: the sessions of the account, on every machine.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use oauth2::http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::list::{self, Envelope, encoded};
use super::session;
use crate::args::SessionsCommand;
use crate::context::Context;
use crate::credentials::SwapResult;
use crate::duration::remaining;
use crate::error::ErrorKind;
use crate::output::Icon;
use crate::session::{ActiveCredential, Session, lock_profile};

const PATH: &str = "/api/v1/sessions";

/// The fields of a session that are shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CliSession {
    id: String,
    #[serde(default)]
    client: Named,
    #[serde(default)]
    device: Named,
    #[serde(default)]
    last_used_at: Option<DateTime<Utc>>,
    #[serde(default)]
    last_used_ip: Option<String>,
    #[serde(default)]
    ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    idle_ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    revoked_at: Option<DateTime<Utc>>,
    #[serde(default)]
    current: bool,
}

#[derive(Deserialize, Default)]
struct Named {
    #[serde(default)]
    name: Option<String>,
}

pub(super) async fn run(context: &Arc<Context>, command: SessionsCommand) -> Result<(), ErrorKind> {
    let session = session(context)?;
    match command {
        SessionsCommand::List => show(context, &session).await,
        SessionsCommand::Revoke { id } => revoke(context, &session, &id).await,
    }
}

async fn show(context: &Context, session: &Session) -> Result<(), ErrorKind> {
    let documents = list::all(session, PATH, &[]).await?;
    if context.output.is_json() {
        return context.output.json(&Value::Array(documents));
    }
    let now = context.now();
    let mut rows = vec![["", "SESSION", "TOOL", "MACHINE", "LAST USED", "FROM"].map(str::to_owned).to_vec()];
    for document in &documents {
        let one: CliSession = list::read(session, document).await?;
        if one.is_active(now) {
            rows.push(row(one, now));
        }
    }
    context.output.table(&rows)?;
    let revoke = context.brand().command("auth sessions revoke ID");
    context.output.tell_lines(&format!("\n* marks the session in use. End one with `{revoke}`."));
    Ok(())
}

async fn revoke(context: &Context, session: &Session, id: &str) -> Result<(), ErrorKind> {
    let path = format!("{PATH}/{}/revoke", encoded(id));
    let Envelope { data } = session.client().home(Method::POST, path).fetch_kind().await?;
    let ended: CliSession = list::read(session, &data).await?;
    // The session has ended, whether or not its tokens can be removed.
    let forgotten = if ended.current { forget(context, session).await } else { Ok(()) };
    if context.output.is_json() {
        return context.output.json(&data);
    }
    let machine = ended.device.name.map(|name| format!(" on {name}")).unwrap_or_default();
    context.output.say(Icon::Good, &format!("Ended session {}{machine}", ended.id));
    match forgotten {
        Ok(()) if ended.current => {
            context.output.tell("  It was the session in use, so the local credentials were removed too.");
        }
        Ok(()) => {}
        Err(kind) => {
            let command = context.brand().command("auth logout");
            let remedy = format!("Once the file can be written, run `{command}`.");
            context.warn("Its tokens, which are of no use, are still stored", kind, &remedy);
        }
    }
    Ok(())
}

/// Removes the revoked session from the profile, unless the profile has another session by now.
async fn forget(context: &Context, session: &Session) -> Result<(), ErrorKind> {
    let ActiveCredential::Session { session, .. } = &session.chosen else { return Ok(()) };
    let _lock = lock_profile(context, &context.profile).await?;
    let current = context.stored_session()?.filter(|stored| stored.session_id == session.session_id);
    let Some(current) = current else { return Ok(()) };
    match context.store.compare_and_swap(&context.profile, Some(current.generation), None)? {
        SwapResult::Done | SwapResult::Conflict => Ok(()),
    }
}

impl CliSession {
    fn is_active(&self, now: DateTime<Utc>) -> bool {
        let ends = [self.ends_at, self.idle_ends_at];
        self.revoked_at.is_none() && ends.into_iter().flatten().all(|end| end > now)
    }
}

fn row(session: CliSession, now: DateTime<Utc>) -> Vec<String> {
    let used = session.last_used_at.map(|at| format!("{} ago", remaining(now - at)));
    vec![
        if session.current { "*" } else { "" }.to_owned(),
        session.id,
        session.client.name.unwrap_or_default(),
        session.device.name.unwrap_or_default(),
        used.unwrap_or_else(|| "never".into()),
        session.last_used_ip.unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_session_is_one_row() {
        let document = json!({
            "id": "ses_9fK2", "client": { "id": "acme-cli", "name": "Acme CLI" }, "device": { "name": "laptop" },
            "lastUsedAt": "2026-11-23T07:00:00Z", "lastUsedIp": "192.0.2.1", "current": true
        });
        let now = "2026-11-23T08:05:00Z".parse().unwrap();
        let row = row(CliSession::deserialize(&document).unwrap(), now);
        assert_eq!(row, ["*", "ses_9fK2", "Acme CLI", "laptop", "1h 5m ago", "192.0.2.1"]);
    }

    #[test]
    fn an_ended_session_is_not_active() {
        let now = "2026-11-23T08:05:00Z".parse().unwrap();
        let is_active = |name: &str, at: &str| {
            CliSession::deserialize(&json!({ "id": "ses_1", name: at })).unwrap().is_active(now)
        };
        assert!(is_active("idleEndsAt", "2026-11-24T00:00:00Z"));
        assert!(!is_active("idleEndsAt", "2026-11-23T08:00:00Z"));
        assert!(!is_active("revokedAt", "2026-11-23T08:00:00Z"));
    }
}
