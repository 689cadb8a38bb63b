//! `keystiled audit list`

use clap::Args;
use serde_json::{Value, json};

use super::people::{printable, unknown_organization, unknown_user};
use super::{AdminError, Report};
use crate::domain::audit::export::{self, Names};
use crate::domain::audit::values::IP;
use crate::domain::audit::{Action, INSTANCE_CHAIN, Outcome, RecordedEvent};
use crate::domain::email;
use crate::domain::parse_error::ParseError;
use crate::services::audit_log::{self, EventPage, LogCursor};
use crate::store::audit::{self, AuditFilter};
use crate::store::{Conn, Store, StoreError, organizations, users};
use crate::web::audit_query;

/// Width of a name in a line.
const NAME: usize = 24;

#[derive(Debug, Args)]
pub struct List {
    /// The audit log of this organization, with the sign-ins of its members
    #[arg(long, value_name = "SLUG")]
    org: Option<String>,
    /// Only this action, such as `user.signed_in`
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only events that this user caused, by email address, or this service account or client, by id
    #[arg(long, value_name = "ADDRESS|ID")]
    actor: Option<String>,
    /// From this day (UTC) or time on
    #[arg(long, value_name = "DAY|TIME")]
    since: Option<String>,
    /// Through this day (UTC), or before this time
    #[arg(long, value_name = "DAY|TIME")]
    until: Option<String>,
    /// The number of events to list
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Continue after this event
    #[arg(long, value_name = "EVENT")]
    after: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why nothing can be listed.
enum Unknown {
    Organization(String),
    Actor(String),
    Event(String),
}

pub(super) async fn run(store: &Store, list: List) -> Result<String, AdminError> {
    let refused = |ParseError(what)| AdminError::Refused(what.to_owned());
    let action = match &list.action {
        Some(name) => Some(Action::parse(name).ok_or_else(|| {
            AdminError::Refused(format!("There is no action {name}. Use one such as user.signed_in."))
        })?),
        None => None,
    };
    let filter = AuditFilter {
        since: list.since.as_deref().map(audit_query::start_of).transpose().map_err(refused)?,
        until: list.until.as_deref().map(audit_query::end_of).transpose().map_err(refused)?,
        action,
        ..AuditFilter::default()
    };
    let (org, actor, after, size) = (list.org, list.actor, list.after, usize::from(list.limit));
    let read = move |conn: &mut Conn| page(conn, org, actor, after, filter, size);
    let page = store.report(read).await?.map_err(|unknown| match unknown {
        Unknown::Organization(slug) => unknown_organization(&slug),
        Unknown::Actor(address) => unknown_user(&address),
        Unknown::Event(id) => AdminError::Refused(format!("There is no event {id} in this log.")),
    })?;
    let next = page.older.and(page.events.last()).map(|last| last.event.id.clone());
    let mut lines: Vec<String> = page.events.iter().map(|event| line(event, &page.names)).collect();
    if let Some(next) = &next {
        lines.push(format!("There are more. To list them, add --after {next}"));
    } else if lines.is_empty() {
        lines.push("There are no such events.".to_owned());
    }
    let events: Value = page.events.iter().map(|event| to_json(event, &page.names)).collect();
    Ok(Report { json: json!({ "events": events, "next": next }), text: lines.join("\n") }.render(list.json))
}

fn page(
    conn: &mut Conn,
    org: Option<String>,
    actor: Option<String>,
    after: Option<String>,
    mut filter: AuditFilter,
    size: usize,
) -> Result<Result<EventPage, Unknown>, StoreError> {
    let org_id = match org {
        None => None,
        Some(slug) => match organizations::find_by_slug(conn, &slug)? {
            Some(organization) => Some(organization.id),
            None => return Ok(Err(Unknown::Organization(slug))),
        },
    };
    if let Some(text) = actor {
        let id = match email::canonical(&text) {
            None => text,
            Some(address) => match users::find_by_email(conn, &address)? {
                Some(user) => user.id,
                None => return Ok(Err(Unknown::Actor(address))),
            },
        };
        filter.actors = Some(vec![id]);
    }
    let before = match after {
        None => None,
        Some(id) => match audit::by_id(conn, &id)? {
            Some((chain, (at, sequence))) if chain == INSTANCE_CHAIN || Some(&chain) == org_id.as_ref() => {
                Some(LogCursor { at, sequence, instance: chain == INSTANCE_CHAIN })
            }
            Some(_) | None => return Ok(Err(Unknown::Event(id))),
        },
    };
    Ok(Ok(match org_id {
        Some(org_id) => audit_log::page(conn, &org_id, &filter, before, size)?,
        None => audit_log::instance_page(conn, &filter, before, size)?,
    }))
}

/// For example `2026-11-23 08:00:00 UTC  user.signed_in  Maya Okafor  203.0.113.7`.
fn line(recorded: &RecordedEvent, names: &Names) -> String {
    let event = &recorded.event;
    let short = |text: &str| printable(text).chars().take(NAME).collect::<String>();
    let shown = |id: &String| short(names.get(id).unwrap_or(id));
    let actor = event.actor_id.as_ref().map_or_else(|| event.actor_kind.clone(), shown);
    let mut parts = vec![event.at.to_string(), event.action.clone(), actor];
    let other =
        event.target.as_ref().filter(|target| !target.is_empty() && event.actor_id.as_ref() != Some(target));
    parts.extend(other.map(|target| format!("-> {}", shown(target))));
    match &event.ip {
        Some(ip) => parts.push(short(ip)),
        None if recorded.is_erased(IP) => parts.push("erased".to_owned()),
        None => {}
    }
    if event.outcome == Outcome::Refused.as_str() {
        parts.push("refused".to_owned());
    }
    parts.join("  ")
}

/// As in the API, with the number also for events of the server itself.
fn to_json(recorded: &RecordedEvent, names: &Names) -> Value {
    let mut value = export::to_json(recorded, names);
    value["sequence"] = recorded.event.sequence.into();
    value
}
