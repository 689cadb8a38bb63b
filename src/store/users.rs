//! People.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Locked;
use super::engine::schema::{memberships, users};
use crate::domain::time::Time;

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: String,
    /// In canonical form, see [`crate::domain::email::canonical`].
    pub email: String,
    pub name: String,
    /// PHC string format.
    pub password_hash: Option<String>,
    pub password_changed_at: Option<Time>,
    pub created_at: Time,
    pub disabled_at: Option<Time>,
    /// Known-device cookies issued at or before this time are not accepted.
    pub devices_forgotten_at: Option<Time>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

pub fn insert(conn: &mut Conn, user: &User) -> Result<(), StoreError> {
    diesel::insert_into(users::table).values(user).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut Conn, id: &str) -> Result<Option<User>, StoreError> {
    Ok(users::table.find(id).select(User::as_select()).get_result(conn).optional()?)
}

/// Like [`find`], and locks the user until the end of the transaction.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<User>, StoreError> {
    Ok(Locked(users::table.find(id).select(User::as_select())).get_result(conn).optional()?)
}

pub fn find_by_email(conn: &mut Conn, email: &str) -> Result<Option<User>, StoreError> {
    Ok(users::table.filter(users::email.eq(email)).select(User::as_select()).get_result(conn).optional()?)
}

/// Names by id.
pub fn names(conn: &mut Conn, ids: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    Ok(users::table
        .filter(users::id.eq_any(ids.iter().copied()))
        .select((users::id, users::name))
        .load(conn)?)
}

/// Replaces the hash of an unchanged password, for example after a change of the hashing parameters. Does nothing if
/// the password has changed since `old` was read.
pub fn renew_hash(conn: &mut Conn, id: &str, old: &str, new: &str) -> Result<(), StoreError> {
    let unchanged = users::table.find(id).filter(users::password_hash.eq(old));
    diesel::update(unchanged).set(users::password_hash.eq(new)).execute(conn)?;
    Ok(())
}

/// Replaces the password. Known devices are forgotten, because their cookies are older than the password.
pub fn set_password(conn: &mut Conn, id: &str, hash: &str, at: Time) -> Result<(), StoreError> {
    diesel::update(users::table.find(id))
        .set((users::password_hash.eq(hash), users::password_changed_at.eq(at)))
        .execute(conn)?;
    Ok(())
}

/// Like [`set_password`], unless the password has changed since `old` was read: `false`.
pub fn change_password(
    conn: &mut Conn,
    id: &str,
    old: &str,
    new: &str,
    at: Time,
) -> Result<bool, StoreError> {
    let unchanged = users::table.find(id).filter(users::password_hash.eq(old));
    let changed = diesel::update(unchanged)
        .set((users::password_hash.eq(new), users::password_changed_at.eq(at)))
        .execute(conn)?;
    Ok(changed == 1)
}

/// A page of the users by address, of one organization or of all. `after` is the last address of the page before it,
/// or empty.
pub fn page(conn: &mut Conn, org_id: Option<&str>, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
    let users = match org_id {
        Some(org_id) => users::table
            .inner_join(memberships::table)
            .filter(memberships::org_id.eq(org_id).and(users::email.gt(after)))
            .order(users::email)
            .limit(limit)
            .select(User::as_select())
            .load(conn)?,
        None => users::table
            .filter(users::email.gt(after))
            .order(users::email)
            .limit(limit)
            .select(User::as_select())
            .load(conn)?,
    };
    Ok(users)
}

/// Invalidates all known-device cookies issued to this user until `at`.
pub fn forget_devices(conn: &mut Conn, id: &str, at: Time) -> Result<(), StoreError> {
    diesel::update(users::table.find(id)).set(users::devices_forgotten_at.eq(at)).execute(conn)?;
    Ok(())
}

/// Disables a user at `at`, or enables the user again with `None`. Disabling also forgets all known devices.
pub fn set_disabled(conn: &mut Conn, id: &str, at: Option<Time>) -> Result<(), StoreError> {
    diesel::update(users::table.find(id)).set(users::disabled_at.eq(at)).execute(conn)?;
    at.map_or(Ok(()), |at| forget_devices(conn, id, at))
}
