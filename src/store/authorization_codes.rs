//! Authorization codes: created by an approval, exchanged once.

use diesel::prelude::*;

use super::authorization_requests::AuthorizationRequest;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::{Locked, Prepared};
use super::engine::schema::{authorization_codes as codes, authorization_requests as requests};
use super::organizations;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = codes)]
pub struct AuthorizationCode {
    pub hash: Digest,
    pub request_id: String,
    pub user_id: String,
    pub org_id: String,
    pub scopes: String,
    pub auth_time: Time,
    pub created_at: Time,
    pub expires_at: Time,
    pub wrong_tries: i64,
    pub consumed_at: Option<Time>,
    pub credential_id: Option<String>,
    /// Random input from which the code is derived. `None` for codes of older releases.
    pub seed: Option<Vec<u8>>,
}

impl AuthorizationCode {
    /// Whether the code can still be exchanged.
    pub fn is_usable(&self, now: Time) -> bool {
        self.consumed_at.is_none() && now < self.expires_at
    }
}

pub fn insert(conn: &mut Conn, code: &AuthorizationCode) -> Result<(), StoreError> {
    diesel::insert_into(codes::table).values(code).execute(conn)?;
    Ok(())
}

/// Reads a code with its request. Locks the code, and takes a shared lock on its organization, until the end of the
/// transaction.
pub fn lock(
    conn: &mut Conn,
    hash: Digest,
) -> Result<Option<(AuthorizationCode, AuthorizationRequest)>, StoreError> {
    let of = codes::table.find(hash).inner_join(requests::table);
    let of = of.select((codes::org_id, AuthorizationRequest::as_select()));
    let Some((org_id, request)) = of.get_result::<(String, AuthorizationRequest)>(conn).optional()? else {
        return Ok(None);
    };
    organizations::lock_shared(conn, &org_id)?;
    let code = Locked(codes::table.find(hash).select(AuthorizationCode::as_select()));
    Ok(code.get_result(conn).optional()?.map(|code| (code, request)))
}

pub fn of_request(conn: &mut Conn, request_id: &str) -> Result<Option<AuthorizationCode>, StoreError> {
    let query = codes::table.filter(codes::request_id.eq(request_id));
    Ok(query.select(AuthorizationCode::as_select()).get_result(conn).optional()?)
}

/// Marks the code as consumed; `false` if it was consumed already.
pub fn consume(conn: &mut Conn, hash: Digest, credential_id: &str, at: Time) -> Result<bool, StoreError> {
    let update = diesel::update(codes::table.find(hash).filter(codes::consumed_at.is_null()))
        .set((codes::consumed_at.eq(at), codes::credential_id.eq(credential_id)));
    Ok(Prepared(update).execute(conn)? == 1)
}

/// Expires all unused codes of an organization.
pub fn expire_of_organization(conn: &mut Conn, org_id: &str, at: Time) -> Result<usize, StoreError> {
    let waiting = codes::table.filter(codes::org_id.eq(org_id).and(codes::consumed_at.is_null()));
    Ok(diesel::update(waiting.filter(codes::expires_at.gt(at)))
        .set(codes::expires_at.eq(at))
        .execute(conn)?)
}

/// Expires all unused codes of one person in an organization.
pub fn expire_of_person(conn: &mut Conn, org_id: &str, user_id: &str, at: Time) -> Result<usize, StoreError> {
    let waiting = codes::table
        .filter(codes::org_id.eq(org_id).and(codes::user_id.eq(user_id)))
        .filter(codes::consumed_at.is_null().and(codes::expires_at.gt(at)));
    Ok(diesel::update(waiting).set(codes::expires_at.eq(at)).execute(conn)?)
}

/// Expires the code of a request; `false` if it was consumed or has expired.
pub fn expire(conn: &mut Conn, request_id: &str, at: Time) -> Result<bool, StoreError> {
    let waiting = codes::table.filter(codes::request_id.eq(request_id).and(codes::consumed_at.is_null()));
    let changed = diesel::update(waiting.filter(codes::expires_at.gt(at)))
        .set(codes::expires_at.eq(at))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Counts an attempt with the wrong code verifier.
pub fn count_wrong_try(conn: &mut Conn, hash: Digest) -> Result<(), StoreError> {
    diesel::update(codes::table.find(hash))
        .set(codes::wrong_tries.eq(codes::wrong_tries + 1))
        .execute(conn)?;
    Ok(())
}
