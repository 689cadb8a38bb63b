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
    /// As requested, with the port; it matches a registered redirect URI.
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
    /// The OAuth error for the client, if the request is invalid.
    pub error: Option<String>,
    pub error_description: Option<String>,
    pub answered_at: Option<Time>,
    pub user_id: Option<String>,
    pub org_id: Option<String>,
}

impl AuthorizationRequest {
    /// How the authorization response reaches the tool.
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

/// Like [`find`], and locks the request until the end of the transaction.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query = requests::table.find(id).select(AuthorizationRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// The pushed request with this `request_uri` digest.
pub fn find_pushed(conn: &mut Conn, hash: Digest) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query =
        requests::table.filter(requests::pushed_hash.eq(hash)).select(AuthorizationRequest::as_select());
    Ok(query.get_result(conn).optional()?)
}

/// Like [`find_pushed`], and locks the request until the end of the transaction.
pub fn lock_pushed(conn: &mut Conn, hash: Digest) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query =
        requests::table.filter(requests::pushed_hash.eq(hash)).select(AuthorizationRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// The request with this short-link code, locked until the end of the transaction.
pub fn lock_short_code(conn: &mut Conn, code: &str) -> Result<Option<AuthorizationRequest>, StoreError> {
    let query =
        requests::table.filter(requests::short_code.eq(code)).select(AuthorizationRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// Binds a request to the browser that opened it, and extends it by the time a user has to decide.
pub fn bind(conn: &mut Conn, id: &str, browser: Digest, expires_at: Time) -> Result<(), StoreError> {
    diesel::update(requests::table.find(id))
        .set((requests::browser_hash.eq(browser), requests::expires_at.eq(expires_at)))
        .execute(conn)?;
    Ok(())
}

/// Moves the pending requests of a browser to its new cookie after sign-in. Includes invalid requests, whose error goes
/// to the client once the user has signed in.
pub fn rebind(conn: &mut Conn, before: Digest, after: Digest) -> Result<(), StoreError> {
    diesel::update(requests::table.filter(requests::browser_hash.eq(before)))
        .filter(requests::status.eq_any([RequestStatus::Open, RequestStatus::Invalid]))
        .set(requests::browser_hash.eq(after))
        .execute(conn)?;
    Ok(())
}

/// Records the answer; `false` if the request has been answered already.
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

/// The newest request of a browser that was refused since `since`.
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

/// Deletes the requests of a client; their codes go with them (`ON DELETE CASCADE`).
pub fn delete_of_client(conn: &mut Conn, client_id: &str) -> Result<(), StoreError> {
    diesel::delete(requests::table.filter(requests::client_id.eq(client_id))).execute(conn)?;
    Ok(())
}

/// Deletes expired requests that have no code.
pub fn delete_without_code(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    // A code is created together with the approval, so the status shows whether a request has one.
    let condition = Some("status <> 'approved'");
    Ending { table: "authorization_requests", column: "expires_at", condition }.delete(conn, span)
}

/// Deletes expired requests and their codes.
pub fn delete_expired(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "authorization_requests", column: "expires_at", condition: None }.delete(conn, span)
}
