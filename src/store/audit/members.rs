//! Events of the instance that concern members of an organization, in the audit log of that organization.
//!
//! Each is listed when it is recorded, for every organization that the person is a member of at that moment. So a page is
//! one range of an index however large the instance is, and what a person did before they joined or after they left
//! never shows.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::read::{AuditFilter, EventCursor, by_sequence};
use crate::domain::audit::{Event, INSTANCE_CHAIN, Outcome, RecordedEvent};
use crate::domain::time::Time;
use crate::store::engine::codec::Moment;
use crate::store::engine::conn::Conn;
use crate::store::engine::error::StoreError;
use crate::store::engine::keyset;
use crate::store::engine::query::Prepared;
use crate::store::engine::schema::{member_events, memberships};

/// An event that concerns a person.
pub(super) struct MemberEvent {
    sequence: i64,
    at: Time,
    user_id: String,
    actor_id: Option<String>,
    action: &'static str,
    outcome: &'static str,
}

impl MemberEvent {
    /// `None` if it concerns no person.
    pub(super) fn new(event: &Event, sequence: i64, at: Time) -> Option<Self> {
        let user_id = event.member()?.to_owned();
        let (action, outcome) = (event.action.as_str(), event.outcome.as_str());
        Some(Self { sequence, at, user_id, actor_id: event.actor.id().map(str::to_owned), action, outcome })
    }
}

pub(super) fn insert(conn: &mut Conn, events: &[MemberEvent]) -> Result<(), StoreError> {
    for event in events {
        let MemberEvent { sequence, at, user_id, actor_id, action, outcome } = event;
        let of_person =
            memberships::table.filter(memberships::user_id.eq(user_id)).select(memberships::org_id);
        let org_ids: Vec<String> = Prepared(of_person).load(conn)?;
        for org_id in org_ids {
            let row = diesel::insert_into(member_events::table).values((
                member_events::org_id.eq(org_id),
                member_events::sequence.eq(sequence),
                member_events::at.eq(at),
                member_events::user_id.eq(user_id),
                member_events::actor_id.eq(actor_id),
                member_events::action.eq(action),
                member_events::outcome.eq(outcome),
            ));
            Prepared(row).execute(conn)?;
        }
    }
    Ok(())
}

/// Events that concern members of an organization and come after a position in the list, newest first.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: &AuditFilter,
    before: Option<EventCursor>,
    limit: usize,
) -> Result<Vec<RecordedEvent>, StoreError> {
    // None of them has a credential.
    if filter.credential.is_some() {
        return Ok(Vec::new());
    }
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let actors: Vec<Option<&str>> = match &filter.actors {
        None => vec![None],
        Some(actors) => actors.iter().map(|actor| Some(actor.as_str())).collect(),
    };
    let mut since = filter.since;
    let mut places: Vec<EventCursor> = Vec::new();
    for actor in actors {
        let mut query = member_events::table
            .filter(member_events::org_id.eq(org_id))
            .order((member_events::at.desc(), member_events::sequence.desc()))
            .limit(most)
            .select((member_events::at, member_events::sequence))
            .into_boxed();
        if let Some(at) = since {
            query = query.filter(member_events::at.ge(at));
        }
        match (before, filter.until) {
            (Some((at, sequence)), until) if until.is_none_or(|until| at < until) => {
                query = query.filter(keyset::before!("at, sequence", Moment: at, BigInt: sequence));
            }
            (_, Some(until)) => query = query.filter(member_events::at.lt(until)),
            (_, None) => {}
        }
        if let Some(id) = actor {
            query = query.filter(keyset::rare!(conn, "actor_id", id));
        }
        if let Some(action) = filter.action {
            query = query.filter(keyset::rare!(conn, "action", action.as_str()));
        }
        match filter.outcome {
            None => {}
            // Must match the condition of the partial index literally.
            Some(Outcome::Refused) => query = query.filter(sql::<Bool>("outcome = 'refused'")),
            Some(outcome) => query = query.filter(member_events::outcome.eq(outcome.as_str())),
        }
        places.extend(query.load::<EventCursor>(conn)?);
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.truncate(limit);
        // A full page needs nothing older than its last event.
        if let Some((at, _)) = places.last().filter(|_| places.len() == limit) {
            since = Some(*at);
        }
    }
    by_sequence(conn, INSTANCE_CHAIN, places.into_iter().map(|(_, sequence)| sequence).collect())
}
