//! Members of organizations and their roles.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{memberships, organizations, users};
use super::organizations::Organization;
use super::users::User;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    pub org_id: String,
    pub user_id: String,
    pub role: String,
    pub created_at: Time,
}

pub fn insert(conn: &mut Conn, membership: &Membership) -> Result<(), StoreError> {
    diesel::insert_into(memberships::table).values(membership).execute(conn)?;
    Ok(())
}

/// The current role of a person in an organization; `None` if the person is not a member, or either of the two is
/// disabled.
pub fn role(conn: &mut Conn, org_id: &str, user_id: &str) -> Result<Option<String>, StoreError> {
    Ok(memberships::table
        .inner_join(organizations::table)
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org_id).and(memberships::user_id.eq(user_id)))
        .filter(organizations::disabled_at.is_null().and(users::disabled_at.is_null()))
        .select(memberships::role)
        .get_result(conn)
        .optional()?)
}

/// A member: the person, the organization and the current role.
#[derive(Debug, Clone)]
pub struct ActiveMember {
    pub organization: Organization,
    pub user: User,
    pub role: String,
}

/// A member by organization and person; `None` if the person is not a member, or either of the two is disabled.
pub fn active_member(
    conn: &mut Conn,
    org_id: &str,
    user_id: &str,
) -> Result<Option<ActiveMember>, StoreError> {
    let row: Option<(Organization, User, String)> = memberships::table
        .inner_join(organizations::table)
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org_id).and(memberships::user_id.eq(user_id)))
        .filter(organizations::disabled_at.is_null().and(users::disabled_at.is_null()))
        .select((Organization::as_select(), User::as_select(), memberships::role))
        .get_result(conn)
        .optional()?;
    Ok(row.map(|(organization, user, role)| ActiveMember { organization, user, role }))
}

/// The organizations of a person with the role in each, oldest membership first.
pub fn of_user(conn: &mut Conn, user_id: &str) -> Result<Vec<(Organization, String)>, StoreError> {
    Ok(memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(user_id).and(organizations::disabled_at.is_null()))
        .order((memberships::created_at, organizations::id))
        .select((Organization::as_select(), memberships::role))
        .load(conn)?)
}

/// The members of an organization that have one of these roles, sorted by name.
pub fn with_roles(conn: &mut Conn, org_id: &str, roles: &[&str]) -> Result<Vec<User>, StoreError> {
    Ok(memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org_id).and(memberships::role.eq_any(roles.iter().copied())))
        .filter(users::disabled_at.is_null())
        .order(users::name)
        .select(User::as_select())
        .load(conn)?)
}

pub fn set_role(conn: &mut Conn, org_id: &str, user_id: &str, role: &str) -> Result<bool, StoreError> {
    let changed = diesel::update(memberships::table.find((org_id, user_id)))
        .set(memberships::role.eq(role))
        .execute(conn)?;
    Ok(changed == 1)
}

pub fn remove(conn: &mut Conn, org_id: &str, user_id: &str) -> Result<bool, StoreError> {
    Ok(diesel::delete(memberships::table.find((org_id, user_id))).execute(conn)? == 1)
}

/// Whether any membership exists. Until then the deployment is not set up.
pub fn any(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(diesel::select(exists(memberships::table.select(memberships::org_id))).get_result(conn)?)
}
