//! Members of organizations and their roles.

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::schema::{memberships, organizations, users};
use super::organizations::Organization;
use super::own_sessions::pattern;
use super::users::User;
use crate::domain::role;
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    pub org_id: String,
    pub user_id: String,
    pub role: String,
    pub created_at: Time,
    /// The user whose invitation was accepted; `None` if the operator added the member.
    pub invited_by: Option<String>,
}

pub fn insert(conn: &mut Conn, membership: &Membership) -> Result<(), StoreError> {
    diesel::insert_into(memberships::table).values(membership).execute(conn)?;
    Ok(())
}

/// The current role of a user in an organization; `None` if the user is not a member, or either of the two is
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

/// A member: the user, the organization and the current role.
#[derive(Debug, Clone)]
pub struct ActiveMember {
    pub organization: Organization,
    pub user: User,
    pub role: String,
}

/// A member by organization and user; `None` if the user is not a member, or either of the two is disabled.
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

/// Maximum number of organizations listed together with other content, for example in the navigation.
pub const LISTED: usize = 50;

/// An organization of a user.
#[derive(Debug, Clone, Queryable)]
pub struct UserMembership {
    pub organization: Organization,
    pub role: String,
    /// Creation of the membership.
    pub created_at: Time,
}

/// Position in the list of a user's organizations: creation of the membership, id of the organization.
pub type MembershipCursor = (Time, String);

/// Identifies an organization.
#[derive(Debug, Clone, Copy)]
pub enum OrganizationKey<'a> {
    Id(&'a str),
    Slug(&'a str),
}

macro_rules! of_user {
    ($user_id:expr) => {
        memberships::table
            .inner_join(organizations::table)
            .filter(memberships::user_id.eq($user_id).and(organizations::disabled_at.is_null()))
            .select((Organization::as_select(), memberships::role, memberships::created_at))
    };
}

/// One page of a user's organizations, oldest membership first, after the position where the previous page ended.
pub fn of_user(
    conn: &mut Conn,
    user_id: &str,
    after: Option<&MembershipCursor>,
    limit: i64,
) -> Result<Vec<UserMembership>, StoreError> {
    let order = (memberships::created_at, memberships::org_id);
    let mut query = of_user!(user_id).order(order).limit(limit).into_boxed();
    if let Some((at, id)) = after {
        query =
            query.filter(keyset::after!("memberships.created_at, memberships.org_id", Moment: *at, Text: id));
    }
    Ok(query.load(conn)?)
}

/// Like [`of_user()`], of those whose name or short name contains a text, case-insensitive (on SQLite for ASCII letters only).
/// Empty: all.
pub fn search_of_user(
    conn: &mut Conn,
    user_id: &str,
    text: &str,
    after: Option<&MembershipCursor>,
    limit: i64,
) -> Result<Vec<UserMembership>, StoreError> {
    if text.is_empty() {
        return of_user(conn, user_id, after, limit);
    }
    let order = (memberships::created_at, memberships::org_id);
    let pattern = pattern(text);
    let (name, slug) = match conn {
        Conn::Postgres(_) => ("(organizations.name ILIKE ", " ESCAPE '!' OR organizations.slug ILIKE "),
        Conn::Sqlite(_) => ("(organizations.name LIKE ", " ESCAPE '!' OR organizations.slug LIKE "),
    };
    let found = sql::<Bool>(name).bind::<Text, _>(pattern.clone()).sql(slug);
    let found = found.bind::<Text, _>(pattern).sql(" ESCAPE '!')");
    let mut query = of_user!(user_id).filter(found).order(order).limit(limit).into_boxed();
    if let Some((at, id)) = after {
        query =
            query.filter(keyset::after!("memberships.created_at, memberships.org_id", Moment: *at, Text: id));
    }
    Ok(query.load(conn)?)
}

/// One organization of a user.
pub fn of_user_named(
    conn: &mut Conn,
    user_id: &str,
    named: OrganizationKey<'_>,
) -> Result<Option<UserMembership>, StoreError> {
    let query = of_user!(user_id).into_boxed();
    let query = match named {
        OrganizationKey::Id(id) => query.filter(memberships::org_id.eq(id)),
        OrganizationKey::Slug(slug) => query.filter(organizations::slug.eq(slug)),
    };
    Ok(query.get_result(conn).optional()?)
}

/// Names of at most `limit` owners and admins of an organization: owners first, oldest memberships first.
pub fn managers(conn: &mut Conn, org_id: &str, limit: usize) -> Result<Vec<String>, StoreError> {
    let mut names: Vec<String> = Vec::new();
    for role in [role::OWNER, role::ADMIN] {
        let left = i64::try_from(limit.saturating_sub(names.len())).unwrap_or(i64::MAX);
        let query = memberships::table
            .inner_join(users::table)
            .filter(memberships::org_id.eq(org_id).and(memberships::role.eq(role)))
            // The exact condition of the partial index.
            .filter(sql::<Bool>("memberships.role IN ('owner', 'admin')"))
            .filter(users::disabled_at.is_null())
            .order((memberships::created_at, memberships::user_id))
            .limit(left)
            .select(users::name);
        names.extend(query.load::<String>(conn)?);
    }
    Ok(names)
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

/// The role of a user in an organization, even if either of the two is disabled.
pub fn stored_role(conn: &mut Conn, org_id: &str, user_id: &str) -> Result<Option<String>, StoreError> {
    Ok(memberships::table.find((org_id, user_id)).select(memberships::role).get_result(conn).optional()?)
}

/// The organizations of a user by slug, with the roles in them, disabled organizations included.
pub fn all_of_user(
    conn: &mut Conn,
    user_id: &str,
    limit: i64,
) -> Result<Vec<(Organization, String)>, StoreError> {
    Ok(memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(user_id))
        .order(organizations::slug)
        .limit(limit)
        .select((Organization::as_select(), memberships::role))
        .load(conn)?)
}

/// Ids of all organizations of a user, in order, disabled ones included.
pub fn organization_ids(conn: &mut Conn, user_id: &str) -> Result<Vec<String>, StoreError> {
    Ok(memberships::table
        .filter(memberships::user_id.eq(user_id))
        .order(memberships::org_id)
        .select(memberships::org_id)
        .load(conn)?)
}

/// Ids of the organizations that a user owns, in order, without disabled ones.
pub fn owned_by(conn: &mut Conn, user_id: &str) -> Result<Vec<String>, StoreError> {
    Ok(memberships::table
        .inner_join(organizations::table)
        .filter(memberships::user_id.eq(user_id).and(memberships::role.eq(role::OWNER)))
        .filter(organizations::disabled_at.is_null())
        .order(memberships::org_id)
        .select(memberships::org_id)
        .load(conn)?)
}

/// Whether an organization has an owner who can sign in, apart from one user. Only correct until the end of the transaction
/// if the organization is locked.
pub fn has_other_owner(conn: &mut Conn, org_id: &str, except_user: &str) -> Result<bool, StoreError> {
    let others = memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org_id).and(memberships::role.eq(role::OWNER)))
        // The exact condition of the partial index.
        .filter(sql::<Bool>("memberships.role IN ('owner', 'admin')"))
        .filter(memberships::user_id.ne(except_user))
        .filter(users::disabled_at.is_null().and(users::password_hash.is_not_null()));
    Ok(diesel::select(exists(others)).get_result(conn)?)
}

/// Number of members of an organization.
pub fn count(conn: &mut Conn, org_id: &str) -> Result<i64, StoreError> {
    Ok(memberships::table.filter(memberships::org_id.eq(org_id)).count().get_result(conn)?)
}

/// Whether any membership exists. Until then the deployment is not set up.
pub fn any(conn: &mut Conn) -> Result<bool, StoreError> {
    Ok(diesel::select(exists(memberships::table.select(memberships::org_id))).get_result(conn)?)
}
