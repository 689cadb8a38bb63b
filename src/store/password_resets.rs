//! Links to set a new password, at most one for each user.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Native;
use super::engine::schema::{password_resets as resets, users};
use super::sweeping::{Deleted, Ending, Span};
use super::users::User;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// Stores the digest of a link, in place of the one before.
pub fn replace(
    conn: &mut Conn,
    user_id: &str,
    token: Digest,
    now: Time,
    ends_at: Time,
) -> Result<(), StoreError> {
    let link = (resets::token_hash.eq(token), resets::created_at.eq(now), resets::ends_at.eq(ends_at));
    let statement = diesel::insert_into(resets::table)
        .values((resets::user_id.eq(user_id), link))
        .on_conflict(resets::user_id)
        .do_update()
        .set(link);
    Native(statement).execute(conn)?;
    Ok(())
}

/// The user of a link that still works.
pub fn find(conn: &mut Conn, token: Digest, now: Time) -> Result<Option<User>, StoreError> {
    Ok(resets::table
        .inner_join(users::table)
        .filter(resets::token_hash.eq(token).and(resets::ends_at.gt(now)))
        .filter(users::disabled_at.is_null())
        .select(User::as_select())
        .get_result(conn)
        .optional()?)
}

/// Deletes a link that still works and returns its user. Of several requests at once, one gets the user.
pub fn consume(conn: &mut Conn, token: Digest, now: Time) -> Result<Option<String>, StoreError> {
    let link = resets::table.filter(resets::token_hash.eq(token).and(resets::ends_at.gt(now)));
    Ok(diesel::delete(link).returning(resets::user_id).get_result(conn).optional()?)
}

/// Deletes the link of a user.
pub fn delete_of_user(conn: &mut Conn, user_id: &str) -> Result<(), StoreError> {
    diesel::delete(resets::table.find(user_id)).execute(conn)?;
    Ok(())
}

pub fn delete_ended(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "password_resets", column: "ends_at", condition: None }.delete(conn, span)
}
