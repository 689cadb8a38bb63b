//! Reading the audit log of an organization: its own events, and those of the instance that concern its members.

use std::cmp::Reverse;

use crate::domain::audit::export::{Format, Names};
use crate::domain::audit::values;
use crate::domain::audit::{Action, Event, INSTANCE_CHAIN, Outcome, RecordedEvent};
use crate::domain::email;
use crate::domain::id::IdKind;
use crate::domain::parse_error::ParseError;
use crate::domain::time::Time;
use crate::store::audit::{self, AuditFilter};
use crate::store::{Conn, StoreError, Work, names, users};

/// Filter for events as given in a request. `None` means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// An id, or part of the name or email address of a member or service account.
    pub actor: Option<String>,
    pub credential: Option<String>,
    pub action: Option<Action>,
    pub outcome: Option<Outcome>,
}

/// A page of events, newest first.
#[derive(Debug, Default)]
pub struct EventPage {
    pub events: Vec<RecordedEvent>,
    /// Names of all ids in the events.
    pub names: Names,
    /// Cursor for older events, if there are any.
    pub older: Option<LogCursor>,
}

/// Position in the log of an organization. At the same time, its own events come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogCursor {
    pub at: Time,
    /// Sequence number in its chain.
    pub sequence: i64,
    /// Whether the event is one of the instance.
    pub instance: bool,
}

impl LogCursor {
    fn of(RecordedEvent { event, .. }: &RecordedEvent) -> Self {
        Self { at: event.at, sequence: event.sequence, instance: event.chain == INSTANCE_CHAIN }
    }
}

/// Maximum number of actors that a text may match. Each one is a separate lookup.
const MAX_ACTORS: usize = 1000;

/// Maximum number of members and service accounts that are searched for a part of a name. No index serves "contains".
const SEARCHED: usize = 10_000;

const TOO_MANY_ACTORS: ParseError = ParseError(
    "More than 1,000 names contain this text. Use a longer part of the name, the email address, or an id as actor.",
);
const TOO_MANY_MEMBERS: ParseError = ParseError(
    "The organization has more than 10,000 members and service accounts, too many to search for a part of a name. Use \
     the whole email address, or an id.",
);

/// Resolves the actor filter to ids.
pub fn filter(
    conn: &mut Conn,
    org_id: &str,
    query: &EventQuery,
) -> Result<Result<AuditFilter, ParseError>, StoreError> {
    let actors = match query.actor.as_deref() {
        None => None,
        Some(text) => match actors(conn, org_id, text)? {
            Err(unsearchable) => return Ok(Err(unsearchable)),
            Ok(actors) => Some(actors),
        },
    };
    let EventQuery { since, until, actor: _, credential, action, outcome } = query.clone();
    Ok(Ok(AuditFilter { since, until, actors, credential, action, outcome }))
}

/// Up to `size` events of an organization before a cursor.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: &AuditFilter,
    before: Option<LogCursor>,
    size: usize,
) -> Result<EventPage, StoreError> {
    let own_before = before.map(|LogCursor { at, sequence, instance }| {
        // Own events of the same time come before those of the instance.
        (at, if instance { i64::MIN } else { sequence })
    });
    let members_before =
        before.map(|LogCursor { at, sequence, instance }| (at, if instance { sequence } else { i64::MAX }));
    // One extra row shows whether there are older events.
    let limit = size.saturating_add(1);
    let mut events = audit::page(conn, org_id, filter, own_before, limit)?;
    let of_members = audit::member_events(conn, org_id, filter, members_before, limit)?;
    events.extend(of_members.into_iter().map(for_organization));
    events.sort_by_key(|event| {
        let LogCursor { at, sequence, instance } = LogCursor::of(event);
        (Reverse(at), instance, Reverse(sequence))
    });
    named(conn, events, size)
}

/// Up to `size` events of the instance before a position, for the operator.
pub fn instance_page(
    conn: &mut Conn,
    filter: &AuditFilter,
    before: Option<LogCursor>,
    size: usize,
) -> Result<EventPage, StoreError> {
    let before = before.map(|LogCursor { at, sequence, .. }| (at, sequence));
    let events = audit::page(conn, INSTANCE_CHAIN, filter, before, size.saturating_add(1))?;
    named(conn, events, size)
}

/// An event of the instance as an organization sees it. The details count what is in other organizations.
fn for_organization(mut recorded: RecordedEvent) -> RecordedEvent {
    recorded.erased.retain(|field| values::detail_name(field).is_none());
    "{}".clone_into(&mut recorded.event.details);
    recorded
}

fn named(conn: &mut Conn, mut events: Vec<RecordedEvent>, size: usize) -> Result<EventPage, StoreError> {
    let more = events.len() > size;
    events.truncate(size);
    let older = events.last().filter(|_| more).map(LogCursor::of);
    let ids = events.iter().map(|recorded| &recorded.event);
    let ids = ids.flat_map(|event| [&event.actor_id, &event.credential_id, &event.target]);
    let names = names::of(conn, ids.flatten().map(String::as_str))?;
    Ok(EventPage { events, names, older })
}

/// The actor with this id, and members and service accounts whose name or email address contains the text. In an
/// organization that is too large to search: the member with this email address.
fn actors(conn: &mut Conn, org_id: &str, text: &str) -> Result<Result<Vec<String>, ParseError>, StoreError> {
    let known = names::actors(conn, org_id, SEARCHED + 1)?;
    let mut ids = vec![text.to_owned()];
    if known.len() > SEARCHED {
        match email::canonical(text) {
            Some(address) => ids.extend(users::find_by_email(conn, &address)?.map(|user| user.id)),
            None if is_id(text) => {}
            None => return Ok(Err(TOO_MANY_MEMBERS)),
        }
        return Ok(Ok(ids));
    }
    let wanted = text.to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&wanted);
    let meant =
        known.into_iter().filter(|known| holds(&known.name) || known.email.as_deref().is_some_and(holds));
    ids.extend(meant.map(|known| known.id));
    Ok(if ids.len() > MAX_ACTORS { Err(TOO_MANY_ACTORS) } else { Ok(ids) })
}

fn is_id(text: &str) -> bool {
    [IdKind::User, IdKind::ServiceAccount].iter().any(|kind| text.starts_with(kind.prefix()))
}

/// Records an export of the log. `by` is an event with actor, credential and organization.
pub fn record_export(work: &mut Work<'_>, by: Event, format: Format) {
    work.record(by.detail("format", format.as_str()));
}
