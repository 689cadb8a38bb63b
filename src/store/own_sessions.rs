//! The CLI sessions of one user in an organization. Counted and paged in SQL and never loaded as a whole: a user
//! may have tens of thousands, nearly all of them ended.

use std::cmp::Reverse;

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::credentials::Credential;
use super::ended_credentials::{marked_expired, not_expired};
use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::query::Locked;
use super::engine::schema::{clients, credentials};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::time::Time;

/// The owner of the sessions and the organization they are in.
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

/// Neither revoked nor past an end, and marked as `$marked` says.
macro_rules! working {
    ($owner:expr, $now:expr, $marked:expr) => {
        owned_by!($owner).and(credentials::revoked_at.is_null()).and(not_ended!($now)).and($marked)
    };
}

macro_rules! active {
    ($owner:expr, $now:expr) => {
        working!($owner, $now, not_expired())
    };
}

/// Not used since sign-in.
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

/// Whether this user has or had a session here, active or not.
pub fn any(conn: &mut Conn, owner: SessionOwner<'_>) -> Result<bool, StoreError> {
    let sessions = || credentials::table.filter(owned_by!(owner));
    // Each is served by the index of its state.
    let not_marked = sessions().filter(credentials::revoked_at.is_null()).filter(not_expired());
    let expired = sessions().filter(credentials::revoked_at.is_null()).filter(marked_expired());
    let revoked = sessions().filter(credentials::revoked_at.is_not_null());
    Ok(diesel::select(exists(not_marked).or(exists(expired)).or(exists(revoked))).get_result(conn)?)
}

/// Counts of active sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionStats {
    pub active: i64,
    pub used: i64,
    pub never_used: i64,
    /// The earliest idle end, and the name of the session that has it.
    pub next_end: Option<(Time, String)>,
}

/// A use counts as recent from `used_since` on.
pub fn stats(
    conn: &mut Conn,
    owner: SessionOwner<'_>,
    now: Time,
    used_since: Time,
) -> Result<SessionStats, StoreError> {
    let active = || credentials::table.filter(active!(owner, now));
    let used =
        active().filter(diesel::dsl::not(never_used!())).filter(credentials::last_used_at.gt(used_since));
    // `idle_ends_at` is never later than `ends_at`.
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

/// Filter by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    Active,
    /// Ended by its idle timeout or its maximum lifetime.
    Expired,
    Revoked,
    Any,
}

/// Filter of a list of sessions.
#[derive(Debug, Clone, Copy)]
pub struct SessionFilter<'a> {
    pub now: Time,
    pub state: SessionState,
    /// Substring of the name of the session or of its client, case-insensitive (on SQLite for ASCII letters only).
    /// Empty: any name.
    pub text: &'a str,
}

/// Position of a session in the list: creation time and id.
pub type SessionCursor = (Time, String);

/// One page of the list.
#[derive(Debug, Clone)]
pub struct SessionPage {
    /// Each session with its client's name, newest first.
    pub rows: Vec<(Credential, String)>,
    /// Position after which the next page begins; `None` on the last page. May be set although `rows` is empty: a
    /// search has not looked at everything yet.
    pub older: Option<SessionCursor>,
}

/// Sessions that one page of a search looks at. No index serves a substring search.
pub const SEARCH_LIMIT: i64 = 1000;

/// A set of sessions that is contiguous in one index.
#[derive(Debug, Clone, Copy)]
enum Branch {
    Active,
    MarkedExpired,
    /// Expired, but not yet marked by the sweep.
    JustExpired,
    Revoked,
    /// Active or expired, but not marked by the sweep.
    NotMarked,
}

impl SessionState {
    fn branches(self) -> &'static [Branch] {
        match self {
            Self::Active => &[Branch::Active],
            Self::Expired => &[Branch::MarkedExpired, Branch::JustExpired],
            Self::Revoked => &[Branch::Revoked],
            Self::Any => &[Branch::NotMarked, Branch::MarkedExpired, Branch::Revoked],
        }
    }
}

/// The sessions of a branch after a position, newest first. A macro because the type of a boxed query includes all
/// joined tables and selected columns.
macro_rules! branch {
    ($table:expr, $selection:expr, $branch:expr, $owner:expr, $now:expr, $after:expr) => {{
        let mut query = $table
            .filter(owned_by!($owner))
            .order((credentials::created_at.desc(), credentials::id.desc()))
            .select($selection)
            .into_boxed();
        query = match $branch {
            Branch::Active => {
                query.filter(credentials::revoked_at.is_null()).filter(not_expired()).filter(not_ended!($now))
            }
            Branch::MarkedExpired => query
                .filter(credentials::revoked_at.is_null())
                .filter(marked_expired()),
            Branch::JustExpired => query
                .filter(credentials::revoked_at.is_null())
                .filter(not_expired())
                .filter(diesel::dsl::not(not_ended!($now))),
            Branch::Revoked => query.filter(credentials::revoked_at.is_not_null()),
            Branch::NotMarked => query.filter(credentials::revoked_at.is_null()).filter(not_expired()),
        };
        if let Some((at, id)) = $after {
            query = query
                .filter(keyset::before!("credentials.created_at, credentials.id", Moment: *at, Text: id));
        }
        query
    }};
}

/// At most `limit` sessions after a position, newest first. A search looks at [`SEARCH_LIMIT`] sessions at most and returns
/// where to continue.
pub fn page(
    conn: &mut Conn,
    owner: SessionOwner<'_>,
    wanted: SessionFilter<'_>,
    after: Option<&SessionCursor>,
    limit: usize,
) -> Result<SessionPage, StoreError> {
    let SessionFilter { now, state, text } = wanted;
    // One more row than requested shows whether there is another page.
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let (mut rows, mut searched_to) = (Vec::new(), None);
    for branch in state.branches() {
        let selection = (Credential::as_select(), clients::name);
        let joined = credentials::table.inner_join(clients::table);
        let mut query = branch!(joined, selection, branch, owner, now, after).limit(most);
        if !text.is_empty() {
            let to = search_end(conn, owner, now, *branch, after)?;
            if let Some((at, id)) = &to {
                // PostgreSQL has statistics on the time alone, not on the pair.
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
    // Older sessions have not been searched in every branch.
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

/// The last session that a search looks at in this branch; `None` if the search reaches the end.
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

/// The `LIKE` pattern for a substring, with `!` as escape character.
pub(in crate::store) fn pattern(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Revokes the active sessions and returns their ids. The mark of the sweep is only a hint, so sessions that are marked
/// as expired but still work are revoked as well.
pub fn revoke(
    conn: &mut Conn,
    owner: SessionOwner<'_>,
    at: Time,
    reason: EndReason,
) -> Result<Vec<String>, StoreError> {
    let mut ended: Vec<String> = Vec::new();
    for marked in [not_expired, marked_expired] {
        let working = || working!(owner, at, marked());
        // Locks them in the order of their ids; an update alone would lock in any order.
        let query = credentials::table.filter(working()).order(credentials::id).select(credentials::id);
        Locked(query).load::<String>(conn)?;
        let revoked = diesel::update(credentials::table.filter(working()))
            .set((credentials::revoked_at.eq(at), credentials::revoked_reason.eq(reason)))
            .returning(credentials::id)
            .get_results::<String>(conn)?;
        ended.extend(revoked);
    }
    ended.sort_unstable();
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn the_search_text_is_escaped() {
        assert_eq!(pattern("50%_!"), "%50!%!_!!%");
    }
}
