//! Responses kept for `Idempotency-Key`, to answer a repeated request.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Native;
use super::engine::schema::idempotency_records;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency_records)]
pub struct IdempotencyRecord {
    /// Digest of the request.
    pub request: Digest,
    pub status: Option<i64>,
    pub sealed: Option<Vec<u8>>,
    pub expires_at: Time,
}

/// Claims a key for this request; `false` if it is taken. Concurrent claims of the same key wait until the end of the
/// transaction.
pub fn claim(conn: &mut Conn, key: Digest, request: Digest, expires_at: Time) -> Result<bool, StoreError> {
    let statement = diesel::insert_into(idempotency_records::table)
        .values((
            idempotency_records::key.eq(key),
            idempotency_records::request.eq(request),
            idempotency_records::expires_at.eq(expires_at),
        ))
        .on_conflict(idempotency_records::key)
        .do_nothing();
    Ok(Native(statement).execute(conn)? == 1)
}

pub fn find(conn: &mut Conn, key: Digest) -> Result<Option<IdempotencyRecord>, StoreError> {
    let record = idempotency_records::table.find(key).select(IdempotencyRecord::as_select());
    Ok(record.get_result(conn).optional()?)
}

/// Stores the response.
pub fn answer(conn: &mut Conn, key: Digest, status: i64, sealed: &[u8]) -> Result<(), StoreError> {
    diesel::update(idempotency_records::table.find(key))
        .set((idempotency_records::status.eq(status), idempotency_records::sealed.eq(sealed)))
        .execute(conn)?;
    Ok(())
}

pub fn delete(conn: &mut Conn, key: Digest) -> Result<(), StoreError> {
    diesel::delete(idempotency_records::table.find(key)).execute(conn)?;
    Ok(())
}

pub fn delete_expired(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "idempotency_records", column: "expires_at", condition: None }.delete(conn, span)
}
