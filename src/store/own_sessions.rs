//! The CLI sessions of one person in an organization. They are counted and paged here, and never read as a whole: there
//! may be tens of thousands, nearly all of which have ended.

use std::cmp::Reverse;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::credentials::Credential;
use super::ended_credentials::not_expired;
use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::query::Locked;
use super::engine::schema::{clients, credentials};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::time::Time;

/// Whose sessions, and where.
#[derive(Debug, Clone, Copy)]
pub struct SessionOwner<'a> {
    pub org_id: &'a str,
    pub user_id: &'a str,
}

macro_rules! owned_by {
    ($owner:expr) => {
        credentials::user_id
            .eq($owner.user_id)
            .and(credentials::org_id.eq($owner.org_id))
            .and(credentials::kind.eq(CredentialKind::CliSession))
    };
}

macro_rules! not_ended {
    ($now:expr) => {
        credentials::idle_ends_at
            .is_null()
            .or(credentials::idle_ends_at.gt($now))
            .and(credentials::ends_at.is_null().or(credentials::ends_at.gt($now)))
    };
}

/// Without the hint of the sweep: what ends sessions must find each that works.
macro_rules! to_end {
    ($owner:expr, $now:expr) => {
        owned_by!($owner).and(credentials::revoked_at.is_null()).and(not_ended!($now))
    };
}

macro_rules! active {
    ($owner:expr, $now:expr) => {
        to_end!($owner, $now).and(not_expired())
    };
}

/// Not used since the sign-in.
macro_rules! never_used {
    () => {
        credentials::last_used_at
            .is_null()
            .or(credentials::last_used_at.le(credentials::created_at.nullable()))
    };
}

pub fn count_active(conn: &mut Conn, owner: SessionOwner<'_>, now: Time) -> Result<i64, StoreError> {
    Ok(credentials::table.filter(active!(owner, now)).count().get_result(conn)?)
}

/// Whether there is or was any.
pub fn any(conn: &mut Conn, owner: SessionOwner<'_>) -> Result<bool, StoreError> {
    let any = credentials::table.filter(owned_by!(owner));
    Ok(diesel::select(diesel::dsl::exists(any)).get_result(conn)?)
}

/// What is counted of those that live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionStats {
    pub active: i64,
    pub used: i64,
    pub never_used: i64,
    /// When the next one ends unless it is used, and its name.
    pub next_end: Option<(Time, String)>,
}

/// `used_since` is from when on a use counts.
pub fn stats(
    conn: &mut Conn,
    owner: SessionOwner<'_>,
    now: Time,
    used_since: Time,
) -> Result<SessionStats, StoreError> {
    let active = || credentials::table.filter(active!(owner, now));
    let used =
        active().filter(diesel::dsl::not(never_used!())).filter(credentials::last_used_at.gt(used_since));
    // The idle end is never later than the other.
    let next = active().filter(credentials::idle_ends_at.is_not_null()).order(credentials::idle_ends_at);
    let next = next.select((credentials::idle_ends_at, credentials::name));
    let next: Option<(Option<Time>, String)> = next.first(conn).optional()?;
    Ok(SessionStats {
        active: count_active(conn, owner, now)?,
        used: used.count().get_result(conn)?,
        never_used: active().filter(never_used!()).count().get_result(conn)?,
        next_end: next.and_then(|(end, name)| Some((end?, name))),
    })
}

/// Which of the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    Active,
    /// The time ran out.
    Expired,
    Revoked,
    Any,
}

/// Which sessions are wanted.
#[derive(Debug, Clone, Copy)]
pub struct SessionFilter<'a> {
    pub now: Time,
    pub state: SessionState,
    /// In the name of the session or of its client, in any case; on SQLite only ASCII letters have two. Empty: any name.
    pub text: &'a str,
}

/// The place of a session in a list: its creation and its id.
pub type SessionCursor = (Time, String);

/// A part of a list.
#[derive(Debug, Clone)]
pub struct SessionPage {
    /// Each session with its client's name, the newest first.
    pub rows: Vec<(Credential, String)>,
    /// Where the part after this one begins, if there are more sessions. A search may have found nothing so far.
    pub older: Option<SessionCursor>,
}

/// Sessions that one page of a search looks at. No index serves "contains".
pub const SEARCH_LIMIT: i64 = 1000;

/// Sessions that are next to each other in one index.
#[derive(Debug, Clone, Copy)]
enum Branch {
    Living,
    MarkedExpired,
    /// Those that the sweep has not marked yet.
    JustExpired,
    Revoked,
    Any,
}

impl SessionState {
    fn branches(self) -> &'static [Branch] {
        match self {
            Self::Active => &[Branch::Living],
            Self::Expired => &[Branch::MarkedExpired, Branch::JustExpired],
            Self::Revoked => &[Branch::Revoked],
            Self::Any => &[Branch::Any],
        }
    }
}

/// The sessions of a branch after a place, the newest first. A macro, because the type of a boxed query names everything
/// that is joined and selected.
macro_rules! branch {
    ($table:expr, $selection:expr, $branch:expr, $owner:expr, $now:expr, $after:expr) => {{
        let mut query = $table
            .filter(owned_by!($owner))
            .order((credentials::created_at.desc(), credentials::id.desc()))
            .select($selection)
            .into_boxed();
        query = match $branch {
            Branch::Living => {
                query.filter(credentials::revoked_at.is_null()).filter(not_expired()).filter(not_ended!($now))
            }
            Branch::MarkedExpired => query
                .filter(credentials::revoked_at.is_null())
                .filter(sql::<Bool>("credentials.expired_at IS NOT NULL")),
            Branch::JustExpired => query
                .filter(credentials::revoked_at.is_null())
                .filter(not_expired())
                .filter(diesel::dsl::not(not_ended!($now))),
            Branch::Revoked => query.filter(credentials::revoked_at.is_not_null()),
            Branch::Any => query,
        };
        if let Some((at, id)) = $after {
            query = query
                .filter(keyset::before!("credentials.created_at, credentials.id", Moment: *at, Text: id));
        }
        query
    }};
}

/// At most `limit` of the sessions after a place, the newest first. A search looks at [`SEARCH_LIMIT`] sessions and says where
/// to go on.
pub fn page(
    conn: &mut Conn,
    owner: SessionOwner<'_>,
    wanted: SessionFilter<'_>,
    after: Option<&SessionCursor>,
    limit: usize,
) -> Result<SessionPage, StoreError> {
    let SessionFilter { now, state, text } = wanted;
    // One more than asked for says whether there are more.
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (mut rows, mut searched_to) = (Vec::new(), None);
    for branch in state.branches() {
        let selection = (Credential::as_select(), clients::name);
        let joined = credentials::table.inner_join(clients::table);
        let mut query = branch!(joined, selection, branch, owner, now, after).limit(most);
        if !text.is_empty() {
            let to = search_end(conn, owner, now, *branch, after)?;
            if let Some((at, id)) = &to {
                // PostgreSQL has statistics for the time alone, not for the row.
                query = query.filter(credentials::created_at.ge(*at)).filter(
                    keyset::down_to!("credentials.created_at, credentials.id", Moment: *at, Text: id.clone()),
                );
            }
            searched_to = searched_to.max(to);
            let (of_session, of_client) = match conn {
                Conn::Postgres(_) => ("(credentials.name ILIKE ", " ESCAPE '!' OR clients.name ILIKE "),
                Conn::Sqlite(_) => ("(credentials.name LIKE ", " ESCAPE '!' OR clients.name LIKE "),
            };
            let pattern = pattern(text);
            let found = sql::<Bool>(of_session).bind::<Text, _>(pattern.clone());
            query = query.filter(found.sql(of_client).bind::<Text, _>(pattern).sql(" ESCAPE '!')"));
        }
        rows.extend(query.load::<(Credential, String)>(conn)?);
    }
    rows.sort_by_cached_key(|(session, _)| Reverse(cursor_of(session)));
    // Below this place, one of the branches has not been searched.
    if let Some(end) = &searched_to {
        rows.retain(|(session, _)| cursor_of(session) >= *end);
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|(session, _)| cursor_of(session));
    Ok(SessionPage { rows, older: if more { last } else { searched_to } })
}

fn cursor_of(session: &Credential) -> SessionCursor {
    (session.created_at, session.id.clone())
}

/// The last session of a branch that a search looks at, if there are more.
fn search_end(
    conn: &mut Conn,
    owner: SessionOwner<'_>,
    now: Time,
    branch: Branch,
    after: Option<&SessionCursor>,
) -> Result<Option<SessionCursor>, StoreError> {
    let place = (credentials::created_at, credentials::id);
    let query = branch!(credentials::table, place, branch, owner, now, after);
    let mut ends: Vec<SessionCursor> = query.offset(SEARCH_LIMIT - 1).limit(2).load(conn)?;
    Ok((ends.len() == 2).then(|| ends.swap_remove(0)))
}

/// What `LIKE` finds a text with anywhere, `!` being the escape.
fn pattern(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Ends those that live and says which they were.
pub fn revoke(
    conn: &mut Conn,
    owner: SessionOwner<'_>,
    at: Time,
    reason: EndReason,
) -> Result<Vec<String>, StoreError> {
    let active = credentials::table.filter(to_end!(owner, at)).order(credentials::id).select(credentials::id);
    // An update alone would lock them in any order.
    Locked(active).load::<String>(conn)?;
    let mut ended: Vec<String> = diesel::update(credentials::table.filter(to_end!(owner, at)))
        .set((credentials::revoked_at.eq(at), credentials::revoked_reason.eq(reason)))
        .returning(credentials::id)
        .get_results(conn)?;
    ended.sort_unstable();
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn what_is_looked_for_stands_for_itself() {
        assert_eq!(pattern("50%_!"), "%50!%!_!!%");
    }
}
