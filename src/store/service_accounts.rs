//! Service accounts: identities for programs. They belong to an organization and have no sign-in.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::query::Locked;
use super::engine::schema::{organizations, service_accounts};
use super::organizations::Organization;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = service_accounts)]
pub struct ServiceAccount {
    pub id: String,
    pub org_id: String,
    pub name: String,
    /// Description, for people.
    pub purpose: String,
    pub role: String,
    /// User id of the creator.
    pub created_by: Option<String>,
    pub created_at: Time,
    pub disabled_at: Option<Time>,
}

pub fn insert(conn: &mut Conn, account: &ServiceAccount) -> Result<(), StoreError> {
    diesel::insert_into(service_accounts::table).values(account).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut Conn, org_id: &str, id: &str) -> Result<Option<ServiceAccount>, StoreError> {
    Ok(service_accounts::table
        .filter(service_accounts::id.eq(id).and(service_accounts::org_id.eq(org_id)))
        .select(ServiceAccount::as_select())
        .get_result(conn)
        .optional()?)
}

/// Like [`find`], and locks the service account until the end of the transaction.
pub fn lock(conn: &mut Conn, org_id: &str, id: &str) -> Result<Option<ServiceAccount>, StoreError> {
    let query = service_accounts::table
        .filter(service_accounts::id.eq(id).and(service_accounts::org_id.eq(org_id)))
        .select(ServiceAccount::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// An active service account with its organization; `None` if either is disabled.
pub fn active_account(
    conn: &mut Conn,
    id: &str,
) -> Result<Option<(Organization, ServiceAccount)>, StoreError> {
    Ok(service_accounts::table
        .inner_join(organizations::table)
        .filter(service_accounts::id.eq(id).and(service_accounts::disabled_at.is_null()))
        .filter(organizations::disabled_at.is_null())
        .select((Organization::as_select(), ServiceAccount::as_select()))
        .get_result(conn)
        .optional()?)
}

/// One page of the service accounts of an organization, newest first, after the position (creation time, id) where the
/// previous page ended.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<ServiceAccount>, StoreError> {
    let mut query = service_accounts::table
        .filter(service_accounts::org_id.eq(org_id))
        .order((service_accounts::created_at.desc(), service_accounts::id.desc()))
        .limit(limit)
        .select(ServiceAccount::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(keyset::before!("created_at, id", Moment: *at, Text: id));
    }
    Ok(query.load(conn)?)
}

/// Names by id.
pub fn names(conn: &mut Conn, ids: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    Ok(service_accounts::table
        .filter(service_accounts::id.eq_any(ids.iter().copied()))
        .select((service_accounts::id, service_accounts::name))
        .load(conn)?)
}

/// Number of service accounts of an organization, disabled ones included.
pub fn count(conn: &mut Conn, org_id: &str) -> Result<i64, StoreError> {
    Ok(service_accounts::table.filter(service_accounts::org_id.eq(org_id)).count().get_result(conn)?)
}

pub fn set_role(conn: &mut Conn, id: &str, role: &str) -> Result<(), StoreError> {
    diesel::update(service_accounts::table.find(id)).set(service_accounts::role.eq(role)).execute(conn)?;
    Ok(())
}

/// Disables a service account at `at`, or enables it again with `None`.
pub fn set_disabled(conn: &mut Conn, id: &str, at: Option<Time>) -> Result<(), StoreError> {
    diesel::update(service_accounts::table.find(id))
        .set(service_accounts::disabled_at.eq(at))
        .execute(conn)?;
    Ok(())
}
