//! Browser sessions, in the table `web_sessions`.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{users, web_sessions};
use super::sweeping::{Deleted, Ending, Span};
use super::users::User;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = web_sessions)]
pub struct WebSession {
    pub hash: Digest,
    pub user_id: String,
    pub created_at: Time,
    pub seen_at: Time,
    pub ends_at: Time,
    /// When the user last authenticated.
    pub auth_time: Time,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
}

pub fn insert(conn: &mut Conn, session: &WebSession) -> Result<(), StoreError> {
    diesel::insert_into(web_sessions::table).values(session).execute(conn)?;
    Ok(())
}

/// An active session and its owner. A session last seen before `seen_since` has expired by its idle limit.
pub fn find(
    conn: &mut Conn,
    hash: Digest,
    now: Time,
    seen_since: Time,
) -> Result<Option<(WebSession, User)>, StoreError> {
    Ok(web_sessions::table
        .inner_join(users::table)
        .filter(web_sessions::hash.eq(hash))
        .filter(web_sessions::ends_at.gt(now).and(web_sessions::seen_at.gt(seen_since)))
        .filter(users::disabled_at.is_null())
        .select((WebSession::as_select(), User::as_select()))
        .get_result(conn)
        .optional()?)
}

pub fn touch(conn: &mut Conn, hash: Digest, at: Time) -> Result<(), StoreError> {
    diesel::update(web_sessions::table.find(hash)).set(web_sessions::seen_at.eq(at)).execute(conn)?;
    Ok(())
}

/// Signs out one browser.
pub fn delete(conn: &mut Conn, hash: Digest) -> Result<bool, StoreError> {
    Ok(diesel::delete(web_sessions::table.find(hash)).execute(conn)? == 1)
}

macro_rules! active_of {
    ($user_id:expr, $now:expr, $seen_since:expr) => {
        web_sessions::user_id
            .eq($user_id)
            .and(web_sessions::ends_at.gt($now))
            .and(web_sessions::seen_at.gt($seen_since))
    };
}

/// The active sessions of a user, the last seen first.
pub fn active_of_user(
    conn: &mut Conn,
    user_id: &str,
    now: Time,
    seen_since: Time,
    limit: i64,
) -> Result<Vec<WebSession>, StoreError> {
    Ok(web_sessions::table
        .filter(active_of!(user_id, now, seen_since))
        .order((web_sessions::seen_at.desc(), web_sessions::hash))
        .limit(limit)
        .select(WebSession::as_select())
        .load(conn)?)
}

/// Number of active sessions of a user.
pub fn count_active(conn: &mut Conn, user_id: &str, now: Time, seen_since: Time) -> Result<i64, StoreError> {
    Ok(web_sessions::table.filter(active_of!(user_id, now, seen_since)).count().get_result(conn)?)
}

/// Signs out all browsers of a user but one.
pub fn delete_others(conn: &mut Conn, user_id: &str, kept: Digest) -> Result<usize, StoreError> {
    let others = web_sessions::user_id.eq(user_id).and(web_sessions::hash.ne(kept));
    Ok(diesel::delete(web_sessions::table.filter(others)).execute(conn)?)
}

/// Signs out all browsers of a user.
pub fn delete_of_user(conn: &mut Conn, user_id: &str) -> Result<usize, StoreError> {
    Ok(diesel::delete(web_sessions::table.filter(web_sessions::user_id.eq(user_id))).execute(conn)?)
}

pub fn delete_ended(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "web_sessions", column: "ends_at", condition: None }.delete(conn, span)
}
