//! The CLI sessions of one person in an organization. They are counted and paged here, and never read as a whole: there
//! may be tens of thousands, nearly all of which have ended.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::credentials::Credential;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Locked;
use super::engine::schema::{clients, credentials};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::time::Time;

/// Whose sessions, and where.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    pub org_id: &'a str,
    pub user_id: &'a str,
}

macro_rules! of {
    ($whose:expr) => {
        credentials::user_id
            .eq($whose.user_id)
            .and(credentials::org_id.eq($whose.org_id))
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

macro_rules! living {
    ($whose:expr, $now:expr) => {
        of!($whose).and(credentials::revoked_at.is_null()).and(not_ended!($now))
    };
}

/// Nothing came after the sign-in itself.
macro_rules! never_used {
    () => {
        credentials::last_used_at
            .is_null()
            .or(credentials::last_used_at.le(credentials::created_at.nullable()))
    };
}

pub fn count_living(conn: &mut Conn, whose: Whose<'_>, now: Time) -> Result<i64, StoreError> {
    Ok(credentials::table.filter(living!(whose, now)).count().get_result(conn)?)
}

/// Whether there is or was any.
pub fn exist(conn: &mut Conn, whose: Whose<'_>) -> Result<bool, StoreError> {
    let any = credentials::table.filter(of!(whose));
    Ok(diesel::select(diesel::dsl::exists(any)).get_result(conn)?)
}

/// What is counted of those that live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    pub living: i64,
    pub used: i64,
    pub never_used: i64,
    /// When the next one ends unless it is used, and its name.
    pub next_end: Option<(Time, String)>,
}

/// `used_since` is from when on a use counts.
pub fn numbers(
    conn: &mut Conn,
    whose: Whose<'_>,
    now: Time,
    used_since: Time,
) -> Result<Numbers, StoreError> {
    let living = || credentials::table.filter(living!(whose, now));
    let used =
        living().filter(diesel::dsl::not(never_used!())).filter(credentials::last_used_at.gt(used_since));
    // The idle end is never later than the other.
    let next = living().filter(credentials::idle_ends_at.is_not_null()).order(credentials::idle_ends_at);
    let next = next.select((credentials::idle_ends_at, credentials::name));
    let next: Option<(Option<Time>, String)> = next.first(conn).optional()?;
    Ok(Numbers {
        living: count_living(conn, whose, now)?,
        used: used.count().get_result(conn)?,
        never_used: living().filter(never_used!()).count().get_result(conn)?,
        next_end: next.and_then(|(end, name)| Some((end?, name))),
    })
}

/// Which of the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Living,
    /// The time ran out.
    Expired,
    Revoked,
    Any,
}

/// A part of the sessions, each with its client's name, the newest first. `text` is in the name of the session or of its
/// client, in any case; on SQLite only ASCII letters have two.
pub fn page(
    conn: &mut Conn,
    whose: Whose<'_>,
    now: Time,
    state: State,
    text: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<(Credential, String)>, StoreError> {
    let mut query = credentials::table
        .inner_join(clients::table)
        .filter(of!(whose))
        .order((credentials::created_at.desc(), credentials::id.desc()))
        .offset(offset)
        .limit(limit)
        .select((Credential::as_select(), clients::name))
        .into_boxed();
    query = match state {
        State::Living => query.filter(credentials::revoked_at.is_null()).filter(not_ended!(now)),
        State::Expired => {
            query.filter(credentials::revoked_at.is_null()).filter(diesel::dsl::not(not_ended!(now)))
        }
        State::Revoked => query.filter(credentials::revoked_at.is_not_null()),
        State::Any => query,
    };
    if !text.is_empty() {
        let (of_session, of_client) = match conn {
            Conn::Postgres(_) => ("(credentials.name ILIKE ", " ESCAPE '!' OR clients.name ILIKE "),
            Conn::Sqlite(_) => ("(credentials.name LIKE ", " ESCAPE '!' OR clients.name LIKE "),
        };
        let pattern = pattern(text);
        let found = diesel::dsl::sql::<Bool>(of_session).bind::<Text, _>(pattern.clone());
        query = query.filter(found.sql(of_client).bind::<Text, _>(pattern).sql(" ESCAPE '!')"));
    }
    Ok(query.load(conn)?)
}

/// What `LIKE` finds a text with anywhere, `!` being the escape.
fn pattern(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Ends those that live and says which they were.
pub fn revoke(
    conn: &mut Conn,
    whose: Whose<'_>,
    at: Time,
    reason: EndReason,
) -> Result<Vec<String>, StoreError> {
    let living = credentials::table.filter(living!(whose, at)).order(credentials::id).select(credentials::id);
    // An update alone would lock them in any order.
    Locked(living).load::<String>(conn)?;
    let mut ended: Vec<String> = diesel::update(credentials::table.filter(living!(whose, at)))
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
