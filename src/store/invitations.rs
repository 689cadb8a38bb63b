//! Invitations to organizations. An invitation that is not waiting stays, so that its link can say what became of it.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::query::Locked;
use super::engine::schema::invitations;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::invitation::InvitationState;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invitations)]
pub struct Invitation {
    pub id: String,
    pub org_id: String,
    /// In canonical form, see [`crate::domain::email::canonical`].
    pub address: String,
    pub role: String,
    /// Empty: none.
    pub note: String,
    pub token_hash: Digest,
    /// User id.
    pub invited_by: String,
    pub created_at: Time,
    pub ends_at: Time,
    pub state: InvitationState,
    /// When the state was reached.
    pub state_at: Time,
    /// User id.
    pub accepted_by: Option<String>,
}

/// The exact condition of the partial indexes.
macro_rules! waiting {
    () => {
        sql::<Bool>("invitations.state = 'waiting'")
    };
}

/// One waiting invitation for each organization and address: [`settle`] the previous one first.
pub fn insert(conn: &mut Conn, invitation: &Invitation) -> Result<(), StoreError> {
    diesel::insert_into(invitations::table).values(invitation).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Invitation>, StoreError> {
    Ok(invitations::table.find(id).select(Invitation::as_select()).get_result(conn).optional()?)
}

/// Like [`find`], and locks the invitation until the end of the transaction. Lock its organization first.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<Invitation>, StoreError> {
    let query = invitations::table.find(id).select(Invitation::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

pub fn find_by_token(conn: &mut Conn, token: Digest) -> Result<Option<Invitation>, StoreError> {
    let query = invitations::table.filter(invitations::token_hash.eq(token)).select(Invitation::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// The waiting invitation for an address, expired or not. The organization must be locked.
pub fn waiting_for(conn: &mut Conn, org_id: &str, address: &str) -> Result<Option<Invitation>, StoreError> {
    Ok(invitations::table
        .filter(invitations::org_id.eq(org_id).and(invitations::address.eq(address)))
        .filter(waiting!())
        .select(Invitation::as_select())
        .get_result(conn)
        .optional()?)
}

/// Number of invitations of an organization that can be accepted.
pub fn count_open(conn: &mut Conn, org_id: &str, now: Time) -> Result<i64, StoreError> {
    Ok(invitations::table
        .filter(invitations::org_id.eq(org_id).and(invitations::ends_at.gt(now)))
        .filter(waiting!())
        .count()
        .get_result(conn)?)
}

/// Number of invitations that a user has made since `since`, whatever became of them.
pub fn count_of_inviter(conn: &mut Conn, user_id: &str, since: Time) -> Result<i64, StoreError> {
    Ok(invitations::table
        .filter(invitations::invited_by.eq(user_id).and(invitations::created_at.gt(since)))
        .count()
        .get_result(conn)?)
}

/// One page of the waiting invitations of an organization, newest first, after the position (creation time, id) where
/// the previous page ended. Includes those that have expired.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<Invitation>, StoreError> {
    let mut query = invitations::table
        .filter(invitations::org_id.eq(org_id))
        .filter(waiting!())
        .order((invitations::created_at.desc(), invitations::id.desc()))
        .limit(limit)
        .select(Invitation::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(keyset::before!("created_at, id", Moment: *at, Text: id));
    }
    Ok(query.load(conn)?)
}

/// The newest waiting invitations for an address, of all organizations. Includes those that have expired.
pub fn of_address(conn: &mut Conn, address: &str, limit: i64) -> Result<Vec<Invitation>, StoreError> {
    Ok(invitations::table
        .filter(invitations::address.eq(address))
        .filter(waiting!())
        .order((invitations::created_at.desc(), invitations::id.desc()))
        .limit(limit)
        .select(Invitation::as_select())
        .load(conn)?)
}

/// Ends the wait of an invitation; `false` if something else did.
pub fn settle(
    conn: &mut Conn,
    id: &str,
    state: InvitationState,
    accepted_by: Option<&str>,
    at: Time,
) -> Result<bool, StoreError> {
    let waiting = invitations::table.find(id).filter(waiting!());
    let changed = diesel::update(waiting)
        .set((
            invitations::state.eq(state),
            invitations::state_at.eq(at),
            invitations::accepted_by.eq(accepted_by),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Cancels the waiting invitations that a user has made in an organization, except those for the roles `kept`, and returns
/// the ids.
pub fn cancel_of_inviter(
    conn: &mut Conn,
    org_id: &str,
    user_id: &str,
    kept: &[&str],
    at: Time,
) -> Result<Vec<String>, StoreError> {
    let waiting = invitations::table
        .filter(invitations::invited_by.eq(user_id).and(invitations::org_id.eq(org_id)))
        .filter(invitations::role.ne_all(kept.iter().copied()))
        .filter(waiting!());
    Ok(diesel::update(waiting)
        .set((invitations::state.eq(InvitationState::Canceled), invitations::state_at.eq(at)))
        .returning(invitations::id)
        .get_results(conn)?)
}

/// Cancels all waiting invitations of an organization and returns how many.
pub fn cancel_of_organization(conn: &mut Conn, org_id: &str, at: Time) -> Result<usize, StoreError> {
    let waiting = invitations::table.filter(invitations::org_id.eq(org_id)).filter(waiting!());
    Ok(diesel::update(waiting)
        .set((invitations::state.eq(InvitationState::Canceled), invitations::state_at.eq(at)))
        .execute(conn)?)
}

/// Deletes invitations that were accepted, canceled or replaced within the span.
pub fn delete_ended(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    const ENDED: Ending =
        Ending { table: "invitations", column: "state_at", condition: Some("state <> 'waiting'") };
    ENDED.delete(conn, span)
}

/// Deletes invitations that expired within the span.
pub fn delete_expired(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    const EXPIRED: Ending =
        Ending { table: "invitations", column: "ends_at", condition: Some("state = 'waiting'") };
    EXPIRED.delete(conn, span)
}
