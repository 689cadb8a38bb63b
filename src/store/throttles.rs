//! State of the sign-in throttle: tables `throttled_accounts` and `throttled_sources`. The rules are in
//! [`crate::domain::guessing`].

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Native;
use super::engine::schema::{throttled_accounts as accounts, throttled_sources as sources};
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::guessing::{Account, Source};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

/// Reads an account and locks it until the end of the transaction. Inserts a row if there is none, so call
/// [`save_account`] afterwards.
pub fn lock_account(conn: &mut Conn, key: Digest, now: Time) -> Result<Account, StoreError> {
    // One statement, because the sweep may delete a due row between two.
    let row = diesel::insert_into(accounts::table)
        .values((accounts::key.eq(key), accounts::state.eq(""), accounts::due_at.eq(now)))
        .on_conflict(accounts::key)
        .do_update()
        .set(accounts::due_at.eq(accounts::due_at))
        .returning(accounts::state);
    let state: String = Native(row).get_result(conn)?;
    if state.is_empty() {
        return Ok(Account::default());
    }
    serde_json::from_str(&state)
        .map_err(|error| StoreError::Failed(format!("throttled_accounts.state: {error}")))
}

/// Saves an account locked with [`lock_account`]. Deletes its row if there is nothing to remember.
pub fn save_account(conn: &mut Conn, key: Digest, account: &Account, now: Time) -> Result<(), StoreError> {
    if account.is_empty() {
        diesel::delete(accounts::table.find(key)).execute(conn)?;
        return Ok(());
    }
    let state = serde_json::to_string(account).map_err(|error| StoreError::Failed(error.to_string()))?;
    diesel::update(accounts::table.find(key))
        .set((accounts::state.eq(state), accounts::due_at.eq(account.due_at(now))))
        .execute(conn)?;
    Ok(())
}

/// Reads a source. The account that it belongs to must be locked.
pub fn find_source(conn: &mut Conn, key: Digest) -> Result<Option<Source>, StoreError> {
    let row: Option<(i64, Time, Time)> = sources::table
        .find(key)
        .select((sources::wrong, sources::settled_at, sources::last_at))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(wrong, settled_at, last_at)| Source { wrong, settled_at, last_at }))
}

/// Reads a source without an account and locks it until the end of the transaction. Inserts a row if there is none, so
/// call [`save_source`] afterwards.
pub fn lock_source(conn: &mut Conn, key: Digest, now: Time) -> Result<Option<Source>, StoreError> {
    let row = diesel::insert_into(sources::table)
        .values((
            sources::key.eq(key),
            sources::wrong.eq(0_i64),
            sources::settled_at.eq(now),
            sources::last_at.eq(now),
        ))
        .on_conflict(sources::key)
        .do_update()
        .set(sources::wrong.eq(sources::wrong))
        .returning((sources::wrong, sources::settled_at, sources::last_at));
    let (wrong, settled_at, last_at): (i64, Time, Time) = Native(row).get_result(conn)?;
    Ok((wrong > 0).then_some(Source { wrong, settled_at, last_at }))
}

/// Saves a source; `None` deletes its row.
pub fn save_source(conn: &mut Conn, key: Digest, source: Option<Source>) -> Result<(), StoreError> {
    let Some(Source { wrong, settled_at, last_at }) = source else {
        diesel::delete(sources::table.find(key)).execute(conn)?;
        return Ok(());
    };
    let columns =
        (sources::wrong.eq(wrong), sources::settled_at.eq(settled_at), sources::last_at.eq(last_at));
    let statement = diesel::insert_into(sources::table)
        .values((sources::key.eq(key), columns))
        .on_conflict(sources::key)
        .do_update()
        .set(columns);
    Native(statement).execute(conn)?;
    Ok(())
}

/// Deletes accounts whose failed attempts no longer count.
pub fn delete_due_accounts(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "throttled_accounts", column: "due_at", condition: None }.delete(conn, span)
}

/// Deletes sources by the time of their last attempt.
pub fn delete_quiet_sources(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "throttled_sources", column: "last_at", condition: None }.delete(conn, span)
}
