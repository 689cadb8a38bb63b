//! Authorization requests, pushed or opened in a browser, until they are answered.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Locked;
use super::engine::schema::authorization_requests as requests;
use super::sweeping::{Deleted, Ending, Span};
use crate::config::Config;
use crate::domain::policy::{PASTE_PATH, SignInMethod};
use crate::domain::request::RequestStatus;
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = requests)]
pub struct AuthorizationRequest {
    pub id: String,
    pub client_id: String,
    /// As the client asked for it, port and all; it matched a registration.
    pub redirect_uri: String,
    pub state: Option<String>,
    pub scopes: String,
    pub code_challenge: Option<String>,
    pub nonce: Option<String>,
    pub prompt: Option<String>,
    pub max_age: Option<i64>,
    pub login_hint: Option<String>,
    pub org_hint: Option<String>,
    pub device_name: Option<String>,
    pub device_os: Option<String>,
    pub tool_version: Option<String>,
    pub pushed_hash: Option<Digest>,
    pub pushed_ip: Option<String>,
    pub short_code: Option<String>,
    pub browser_hash: Option<Digest>,
    pub created_at: Time,
    pub expires_at: Time,
    pub status: RequestStatus,
    /// What the client is told of an invalid request.
    pub error: Option<String>,
    pub error_description: Option<String>,
    pub answered_at: Option<Time>,
    pub user_id: Option<String>,
    pub org_id: Option<String>,
}

impl AuthorizationRequest {
    /// How the answer reaches the tool.
    pub fn sign_in_method(&self, config: &Config) -> SignInMethod {
        if self.redirect_uri == config.server.public_url.join(PASTE_PATH) {
            SignInMethod::Paste
        } else {
            SignInMethod::Redirect
        }
    }
}

pub fn insert(conn: &mut Conn, request: &AuthorizationRequest) -> Result<(), StoreError> {
    diesel::insert_into(requests::table).values(request).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut Conn, id: &str) -> Result<Option<AuthorizationRequest>, StoreError> {
    Ok(requests::table.find(id).select(AuthorizationRequest::as_select()).get_result(conn).optional()?)
}

/// Reads a request and keeps others from answering it until the transaction ends.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query = requests::table.find(id).select(AuthorizationRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// By the `request_uri` of a pushed request.
pub fn find_pushed(conn: &mut Conn, hash: Digest) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query =
        requests::table.filter(requests::pushed_hash.eq(hash)).select(AuthorizationRequest::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// The same, and keeps others from answering it until the transaction ends.
pub fn lock_pushed(conn: &mut Conn, hash: Digest) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query =
        requests::table.filter(requests::pushed_hash.eq(hash)).select(AuthorizationRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// By the code at the end of its short link.
pub fn lock_short_code(conn: &mut Conn, code: &str) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query =
        requests::table.filter(requests::short_code.eq(code)).select(AuthorizationRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// Ties a request to the browser that opened it. It stays open as long as a person may take to decide.
pub fn bind(conn: &mut Conn, id: &str, browser: Digest, expires_at: Time) -> Result<(), StoreError> {
    diesel::update(requests::table.find(id))
        .set((requests::browser_hash.eq(browser), requests::expires_at.eq(expires_at)))
        .execute(conn)?;
    Ok(())
}

/// Moves what still waits in a browser to the cookie that the browser has after signing in: an invalid request, too,
/// waits for somebody before its tool is told.
pub fn rebind(conn: &mut Conn, before: Digest, after: Digest) -> Result<(), StoreError> {
    diesel::update(requests::table.filter(requests::browser_hash.eq(before)))
        .filter(requests::status.eq_any([RequestStatus::Open, RequestStatus::Invalid]))
        .set(requests::browser_hash.eq(after))
        .execute(conn)?;
    Ok(())
}

/// Records the one answer; `false` if there was one already.
pub fn answer(
    conn: &mut Conn,
    id: &str,
    status: RequestStatus,
    user_id: &str,
    org_id: Option<&str>,
    at: Time,
) -> Result<bool, StoreError> {
    let open = requests::table.find(id).filter(requests::status.eq(RequestStatus::Open));
    let changed = diesel::update(open)
        .set((
            requests::status.eq(status),
            requests::answered_at.eq(at),
            requests::user_id.eq(user_id),
            requests::org_id.eq(org_id),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// The newest request of a browser that was answered since `since` without an approval.
pub fn latest_refused(
    conn: &mut Conn,
    browser: Digest,
    since: Time,
) -> Result<Option<AuthorizationRequest>, StoreError> {
    Ok(requests::table
        .filter(requests::browser_hash.eq(browser))
        .filter(requests::status.eq_any([
            RequestStatus::Denied,
            RequestStatus::CannotApprove,
            RequestStatus::SwitchedOff,
        ]))
        .filter(requests::answered_at.ge(since))
        .order(requests::answered_at.desc())
        .select(AuthorizationRequest::as_select())
        .first(conn)
        .optional()?)
}

/// Deletes what a client has asked for, codes with it.
pub fn delete_of_client(conn: &mut Conn, client_id: &str) -> Result<(), StoreError> {
    diesel::delete(requests::table.filter(requests::client_id.eq(client_id))).execute(conn)?;
    Ok(())
}

/// Deletes requests that never got a code.
pub fn delete_without_code(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    // An approval and its code are written together, so that the status says whether there is a code.
    let condition = Some("status <> 'approved'");
    Ending { table: "authorization_requests", column: "expires_at", condition }.delete(conn, span)
}

/// Deletes requests, codes with them.
pub fn delete_expired(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "authorization_requests", column: "expires_at", condition: None }.delete(conn, span)
}
