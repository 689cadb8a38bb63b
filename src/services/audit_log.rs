//! Reading the audit log of an organization.

use crate::domain::audit::export::{Format, Names};
use crate::domain::audit::{Action, Event, Outcome, Recorded};
use crate::domain::time::Time;
use crate::store::{Conn, StoreError, Work, audit, names};

/// Which events are asked for, as somebody who asks puts it. Nothing means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// An id, or a part of the name or the email address of somebody who acts in the organization.
    pub actor: Option<String>,
    pub credential: Option<String>,
    pub action: Option<Action>,
    pub outcome: Option<Outcome>,
}

/// Some events, the newest first.
#[derive(Debug, Default)]
pub struct Page {
    pub events: Vec<Recorded>,
    /// Of everything that the events name by an id.
    pub names: Names,
    /// The number of the last event, if older ones follow.
    pub older: Option<i64>,
}

/// The events of an organization before a number, at most `size` of them.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    asked: &Asked,
    before: Option<i64>,
    size: usize,
) -> Result<Page, StoreError> {
    let filter = audit::Filter {
        since: asked.since,
        until: asked.until,
        actors: asked.actor.as_deref().map(|text| actors(conn, org_id, text)).transpose()?,
        credential: asked.credential.clone(),
        action: asked.action,
        outcome: asked.outcome,
    };
    // One more than asked for says whether there are older ones.
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut events = audit::page(conn, org_id, &filter, before, limit)?;
    let more = events.len() > size;
    events.truncate(size);
    let older = events.last().filter(|_| more).map(|event| event.sequence);
    let ids = events.iter().flat_map(|event| [&event.actor_id, &event.credential_id, &event.target]);
    let names = names::of(conn, ids.flatten().map(String::as_str))?;
    Ok(Page { events, names, older })
}

/// Whoever a text may mean: the one with this id, and those whose name or address holds it.
fn actors(conn: &mut Conn, org_id: &str, text: &str) -> Result<Vec<String>, StoreError> {
    let wanted = text.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&wanted);
    let mut ids: Vec<String> = names::actors(conn, org_id)?
        .into_iter()
        .filter(|known| holds(&known.name) || known.email.as_deref().is_some_and(holds))
        .map(|known| known.id)
        .collect();
    ids.push(text.to_owned());
    Ok(ids)
}

/// Records that somebody takes a copy of the log. `by` says who, with what, and where.
pub fn record_export(work: &mut Work<'_>, by: Event, format: Format) {
    work.record(by.detail("format", format.as_str()));
}
