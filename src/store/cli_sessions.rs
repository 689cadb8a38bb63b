//! CLI sessions with the names of their owner and client.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::credentials::Credential;
use super::ended_credentials::not_expired;
use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::schema::{clients, credentials, users};
use crate::domain::credential::CredentialKind;
use crate::domain::time::Time;

/// A CLI session, its owner's name and its client's name.
#[derive(Debug, Clone, Queryable)]
pub struct NamedSession {
    pub session: Credential,
    pub person: String,
    pub tool: String,
}

pub fn find(conn: &mut Conn, id: &str) -> Result<Option<NamedSession>, StoreError> {
    Ok(credentials::table
        .inner_join(users::table)
        .inner_join(clients::table)
        .filter(credentials::id.eq(id).and(credentials::kind.eq(CredentialKind::CliSession)))
        .select((Credential::as_select(), users::name, clients::name))
        .get_result(conn)
        .optional()?)
}

/// One page of the active sessions of an organization, newest first, after the position (creation time, id) where the
/// previous page ended.
pub fn active_page(
    conn: &mut Conn,
    org_id: &str,
    now: Time,
    after: Option<&(Time, String)>,
    limit: i64,
) -> Result<Vec<NamedSession>, StoreError> {
    let mut query = credentials::table
        .inner_join(users::table)
        .inner_join(clients::table)
        .filter(credentials::org_id.eq(org_id).and(credentials::kind.eq(CredentialKind::CliSession)))
        .filter(credentials::revoked_at.is_null())
        .filter(not_expired())
        .filter(credentials::idle_ends_at.gt(now).and(credentials::ends_at.gt(now)))
        .order((credentials::created_at.desc(), credentials::id.desc()))
        .limit(limit)
        .select((Credential::as_select(), users::name, clients::name))
        .into_boxed();
    if let Some((at, id)) = after {
        query =
            query.filter(keyset::before!("credentials.created_at, credentials.id", Moment: *at, Text: id));
    }
    Ok(query.load(conn)?)
}
