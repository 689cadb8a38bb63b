//! `audit list`: the audit log of the organization.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{list, session};
use crate::args::{AuditCommand, AuditListArgs};
use crate::context::Context;
use crate::error::ErrorKind;
use crate::session::Session;

const PATH: &str = "/api/v1/audit";
/// Poll interval of `--follow`.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The fields of an event that are shown.
#[derive(Deserialize)]
struct Event {
    id: String,
    at: DateTime<Utc>,
    actor: Actor,
    #[serde(default)]
    credential: Option<String>,
    action: String,
    #[serde(default)]
    target: Option<String>,
    outcome: String,
    #[serde(default)]
    ip: Option<String>,
}

#[derive(Deserialize)]
struct Actor {
    kind: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

pub(super) async fn run(context: &Arc<Context>, command: AuditCommand) -> Result<(), ErrorKind> {
    let AuditCommand::List(args) = command;
    let session = session(context)?;
    let start = TimeDelta::from_std(args.since).ok().and_then(|span| context.now().checked_sub_signed(span));
    let start = start.unwrap_or(DateTime::UNIX_EPOCH);
    let documents = since(&session, &args, start).await?;
    if !args.follow {
        return print(context, &session, &documents).await;
    }
    follow(context, &session, &args, start, documents).await
}

/// The events since a time, oldest first.
async fn since(
    session: &Session,
    args: &AuditListArgs,
    start: DateTime<Utc>,
) -> Result<Vec<Value>, ErrorKind> {
    let start = start.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut filters = vec![("since", start.as_str())];
    filters.extend(args.key.as_deref().map(|key| ("credential", key)));
    let mut documents = list::all(session, PATH, &filters).await?;
    documents.reverse();
    Ok(documents)
}

async fn print(context: &Context, session: &Session, documents: &[Value]) -> Result<(), ErrorKind> {
    if context.output.is_json() {
        return context.output.json(&Value::Array(documents.to_vec()));
    }
    if documents.is_empty() {
        context.output.tell("No events in that time.");
    }
    for document in documents {
        context.output.entry(&line(&list::read(session, document).await?))?;
    }
    Ok(())
}

/// Prints one line per event until interrupted.
async fn follow(
    context: &Context,
    session: &Session,
    args: &AuditListArgs,
    mut start: DateTime<Utc>,
    mut documents: Vec<Value>,
) -> Result<(), ErrorKind> {
    // Those of the last moment, which is asked for again.
    let mut printed: Vec<(String, DateTime<Utc>)> = Vec::new();
    loop {
        for document in &documents {
            let event: Event = list::read(session, document).await?;
            if printed.iter().any(|(id, _)| *id == event.id) {
                continue;
            }
            start = event.at;
            printed.retain(|(_, at)| *at == start);
            printed.push((event.id.clone(), event.at));
            if context.output.is_json() {
                context.output.json(document)?;
            } else {
                context.output.entry(&line(&event))?;
            }
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        documents = since(session, args, start).await?;
    }
}

fn line(event: &Event) -> String {
    let Event { at, actor, credential, action, target, outcome, ip, .. } = event;
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let actor = actor.name.as_ref().or(actor.id.as_ref()).unwrap_or(&actor.kind);
    let with = credential.as_ref().map(|id| format!(" with {id}")).unwrap_or_default();
    let on = target.as_ref().map(|target| format!(" on {target}")).unwrap_or_default();
    let from = ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("{at}  {outcome:<8}{action}  {actor}{with}{on}{from}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let event = json!({
            "id": "evt_1", "sequence": 7, "at": "2026-11-23T08:00:00.125Z", "action": "key.created",
            "actor": { "kind": "user", "id": "usr_1", "name": "Ada" }, "credential": "ses_9fK2", "target": "key_9",
            "outcome": "success", "ip": "192.0.2.1", "details": {},
        });
        assert_eq!(
            line(&serde_json::from_value(event).unwrap()),
            "2026-11-23T08:00:00Z  success key.created  Ada with ses_9fK2 on key_9 from 192.0.2.1"
        );
    }
}
