//! Device authorization requests (RFC 8628), from the tool's request until its session.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::Locked;
use super::engine::schema::device_requests as requests;
use super::organizations;
use super::sweeping::{Deleted, Ending, Span};
use crate::domain::device::DeviceStatus;
use crate::domain::policy::{Proximity, SignInMethod};
use crate::domain::secret::Digest;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = requests)]
pub struct DeviceRequest {
    pub id: String,
    pub device_hash: Digest,
    pub user_code_hash: Digest,
    pub client_id: String,
    pub scopes: String,
    pub org_hint: Option<String>,
    pub device_name: Option<String>,
    pub device_os: Option<String>,
    pub tool_version: Option<String>,
    /// Address of the tool.
    pub ip: Option<String>,
    pub interval_seconds: i64,
    /// Time of the tool's last poll.
    pub polled_at: Option<Time>,
    pub browser_hash: Option<Digest>,
    pub created_at: Time,
    pub expires_at: Time,
    pub status: DeviceStatus,
    pub answered_at: Option<Time>,
    /// Address of the user who answered; `None` if it cannot be compared with `ip`.
    pub answered_ip: Option<String>,
    pub user_id: Option<String>,
    pub org_id: Option<String>,
    /// Scopes that the user approved.
    pub granted: Option<String>,
    pub auth_time: Option<Time>,
    pub consumed_at: Option<Time>,
    pub credential_id: Option<String>,
}

impl DeviceRequest {
    /// The sign-in method of the answered request.
    pub fn sign_in_method(&self) -> SignInMethod {
        let address = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        SignInMethod::Device(Proximity::of(address(&self.ip), address(&self.answered_ip)))
    }
}

/// The user's answer.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = requests)]
pub struct DeviceRequestAnswer<'a> {
    pub status: DeviceStatus,
    pub answered_at: Time,
    pub answered_ip: Option<&'a str>,
    pub user_id: &'a str,
    pub org_id: Option<&'a str>,
    pub granted: Option<&'a str>,
    pub auth_time: Option<Time>,
}

pub fn insert(conn: &mut Conn, request: &DeviceRequest) -> Result<(), StoreError> {
    diesel::insert_into(requests::table).values(request).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut Conn, id: &str) -> Result<Option<DeviceRequest>, StoreError> {
    Ok(requests::table.find(id).select(DeviceRequest::as_select()).get_result(conn).optional()?)
}

/// Like [`find`], and locks the request until the end of the transaction.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<DeviceRequest>, StoreError> {
    let query = requests::table.find(id).select(DeviceRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// Like [`lock`], by device code. Also takes a shared lock on the organization of an answered request.
pub fn lock_device(conn: &mut Conn, hash: Digest) -> Result<Option<DeviceRequest>, StoreError> {
    let by_hash = requests::table.filter(requests::device_hash.eq(hash));
    let answered_for: Option<Option<String>> =
        by_hash.select(requests::org_id).get_result(conn).optional()?;
    let answered_for = answered_for.flatten();
    if let Some(org_id) = &answered_for {
        organizations::lock_shared(conn, org_id)?;
    }
    let locked = Locked(by_hash.select(DeviceRequest::as_select())).get_result(conn);
    let locked: Option<DeviceRequest> = locked.optional()?;
    if locked.as_ref().is_some_and(|request| request.org_id != answered_for) {
        return Err(StoreError::collided("a device request was answered while it was being read"));
    }
    Ok(locked)
}

/// Like [`lock`], by user code.
pub fn lock_user_code(conn: &mut Conn, hash: Digest) -> Result<Option<DeviceRequest>, StoreError> {
    let query = requests::table.filter(requests::user_code_hash.eq(hash)).select(DeviceRequest::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// Whether a request with this user code exists, pending or not yet deleted by the sweep.
pub fn has_user_code(conn: &mut Conn, hash: Digest) -> Result<bool, StoreError> {
    let same = requests::table.filter(requests::user_code_hash.eq(hash));
    Ok(same.count().get_result::<i64>(conn)? > 0)
}

/// Binds a request to the browser in which its user code was entered last.
pub fn bind(conn: &mut Conn, id: &str, browser: Digest) -> Result<(), StoreError> {
    diesel::update(requests::table.find(id)).set(requests::browser_hash.eq(browser)).execute(conn)?;
    Ok(())
}

/// Moves the pending requests of a browser to its new cookie after sign-in.
pub fn rebind(conn: &mut Conn, before: Digest, after: Digest) -> Result<(), StoreError> {
    diesel::update(requests::table.filter(requests::browser_hash.eq(before)))
        .filter(requests::status.eq(DeviceStatus::Open))
        .set(requests::browser_hash.eq(after))
        .execute(conn)?;
    Ok(())
}

/// Records the answer; `false` if the request has been answered already.
pub fn answer(conn: &mut Conn, id: &str, answer: &DeviceRequestAnswer<'_>) -> Result<bool, StoreError> {
    let open = requests::table.find(id).filter(requests::status.eq(DeviceStatus::Open));
    Ok(diesel::update(open).set(answer).execute(conn)? == 1)
}

/// Records a poll and the interval until the next one.
pub fn record_poll(conn: &mut Conn, id: &str, at: Time, interval_seconds: i64) -> Result<(), StoreError> {
    diesel::update(requests::table.find(id))
        .set((requests::polled_at.eq(at), requests::interval_seconds.eq(interval_seconds)))
        .execute(conn)?;
    Ok(())
}

/// Marks the answer as fetched; `false` if it was fetched already.
pub fn consume(conn: &mut Conn, id: &str, credential_id: Option<&str>, at: Time) -> Result<bool, StoreError> {
    let changed = diesel::update(requests::table.find(id).filter(requests::consumed_at.is_null()))
        .set((requests::consumed_at.eq(at), requests::credential_id.eq(credential_id)))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Expires all approvals of an organization that no tool has fetched.
pub fn expire_of_organization(conn: &mut Conn, org_id: &str, at: Time) -> Result<usize, StoreError> {
    let waiting = requests::table.filter(requests::org_id.eq(org_id).and(requests::consumed_at.is_null()));
    Ok(diesel::update(waiting.filter(requests::expires_at.gt(at)))
        .set(requests::expires_at.eq(at))
        .execute(conn)?)
}

/// Expires all approvals of one person in an organization that no tool has fetched.
pub fn expire_of_person(conn: &mut Conn, org_id: &str, user_id: &str, at: Time) -> Result<usize, StoreError> {
    let waiting = requests::table
        .filter(requests::org_id.eq(org_id).and(requests::user_id.eq(user_id)))
        .filter(requests::consumed_at.is_null().and(requests::expires_at.gt(at)));
    Ok(diesel::update(waiting).set(requests::expires_at.eq(at)).execute(conn)?)
}

/// Deletes the requests of a client.
pub fn delete_of_client(conn: &mut Conn, client_id: &str) -> Result<(), StoreError> {
    diesel::delete(requests::table.filter(requests::client_id.eq(client_id))).execute(conn)?;
    Ok(())
}

/// Deletes expired requests.
pub fn delete_expired(conn: &mut Conn, span: Span) -> Result<Deleted, StoreError> {
    Ending { table: "device_requests", column: "expires_at", condition: None }.delete(conn, span)
}
