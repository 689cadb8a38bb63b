//! Display names by id.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{
    clients, credentials, invitations, memberships, organizations, removed_credentials, service_accounts,
    users,
};
use crate::domain::audit::export::Names;

/// The names of these ids (of one page), of any kind, including removed credentials. Ids without a name are left out.
pub fn of<'a>(conn: &mut Conn, ids: impl IntoIterator<Item = &'a str>) -> Result<Names, StoreError> {
    let ids: BTreeSet<&str> = ids.into_iter().collect();
    let mut names = Names::new();
    macro_rules! look_up {
        ($($table:ident),+) => {$(
            let found = $table::table.filter($table::id.eq_any(&ids)).select(($table::id, $table::name));
            names.extend(found.load::<(String, String)>(conn)?);
        )+};
    }
    if !ids.is_empty() {
        look_up!(users, service_accounts, credentials, removed_credentials, clients, organizations);
        // An event holds the id of an invitation and not the address, which can so be erased.
        let invited = invitations::table.filter(invitations::id.eq_any(&ids));
        names.extend(invited.select((invitations::id, invitations::address)).load::<(String, String)>(conn)?);
    }
    Ok(names)
}

/// A user or service account of an organization.
#[derive(Debug, Clone, Queryable)]
pub struct KnownActor {
    pub id: String,
    pub name: String,
    /// `None` for a service account.
    pub email: Option<String>,
}

/// At most `limit` members and service accounts of an organization.
pub fn actors(conn: &mut Conn, org_id: &str, limit: usize) -> Result<Vec<KnownActor>, StoreError> {
    let rows = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    let mut known: Vec<KnownActor> = memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org_id))
        .order(memberships::user_id)
        .limit(rows(limit))
        .select((users::id, users::name, users::email.nullable()))
        .load(conn)?;
    let accounts: Vec<(String, String)> = service_accounts::table
        .filter(service_accounts::org_id.eq(org_id))
        .order((service_accounts::created_at, service_accounts::id))
        .limit(rows(limit.saturating_sub(known.len())))
        .select((service_accounts::id, service_accounts::name))
        .load(conn)?;
    known.extend(accounts.into_iter().map(|(id, name)| KnownActor { id, name, email: None }));
    Ok(known)
}
