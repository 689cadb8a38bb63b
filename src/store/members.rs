//! The members of an organization as a list, and how a membership ends. [`super::memberships`] answers who may act.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::engine::codec::Moment;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::keyset;
use super::engine::schema::{ended_memberships, memberships, users};
use super::own_sessions::pattern;
use crate::domain::role;
use crate::domain::time::Time;

/// A member, active or disabled.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Member {
    pub user_id: String,
    pub name: String,
    pub email: String,
    pub role: String,
    pub joined_at: Time,
    /// When the operator disabled the user.
    pub disabled_at: Option<Time>,
}

/// Filter of the list.
#[derive(Debug, Clone, Copy)]
pub struct MemberFilter<'a> {
    /// Substring of the name, case-insensitive (on SQLite for ASCII letters only). Empty: any name.
    pub text: &'a str,
    /// Whether the text is also looked for in the address.
    pub addresses: bool,
    pub role: Option<&'a str>,
}

/// Position in the list: creation of the membership, id of the user.
pub type MemberCursor = (Time, String);

macro_rules! columns {
    () => {
        (
            memberships::user_id,
            users::name,
            users::email,
            memberships::role,
            memberships::created_at,
            users::disabled_at,
        )
    };
}

/// The condition of the partial index that lists the members with this role.
fn index_of(wanted: &str) -> &'static str {
    if role::administers(wanted) {
        "memberships.role IN ('owner', 'admin')"
    } else {
        "memberships.role NOT IN ('owner', 'admin')"
    }
}

/// The members that match. A macro because the type of a boxed query includes all joined tables and selected columns.
macro_rules! matching {
    ($conn:expr, $selection:expr, $org_id:expr, $filter:expr) => {{
        let filter: MemberFilter<'_> = $filter;
        let mut query = memberships::table
            .inner_join(users::table)
            .filter(memberships::org_id.eq($org_id))
            .select($selection)
            .into_boxed();
        if let Some(role) = filter.role {
            query = query.filter(memberships::role.eq(role.to_owned())).filter(sql::<Bool>(index_of(role)));
        }
        if !filter.text.is_empty() {
            let pattern = pattern(filter.text);
            let (name, address) = match $conn {
                Conn::Postgres(_) => ("(users.name ILIKE ", "users.email ILIKE "),
                Conn::Sqlite(_) => ("(users.name LIKE ", "users.email LIKE "),
            };
            let found = sql::<Bool>(name).bind::<Text, _>(pattern.clone()).sql(" ESCAPE '!' OR (");
            let found = found.bind::<Bool, _>(filter.addresses).sql(" AND ").sql(address);
            query = query.filter(found.bind::<Text, _>(pattern).sql(" ESCAPE '!'))"));
        }
        query
    }};
}

/// One page, the oldest memberships first, after the position where the previous page ended.
pub fn page(
    conn: &mut Conn,
    org_id: &str,
    filter: MemberFilter<'_>,
    after: Option<&MemberCursor>,
    limit: i64,
) -> Result<Vec<Member>, StoreError> {
    let order = (memberships::created_at, memberships::user_id);
    let mut query = matching!(conn, columns!(), org_id, filter).order(order).limit(limit);
    if let Some((at, id)) = after {
        query = query
            .filter(keyset::after!("memberships.created_at, memberships.user_id", Moment: *at, Text: id));
    }
    Ok(query.load(conn)?)
}

/// Number of members that match.
pub fn count(conn: &mut Conn, org_id: &str, filter: MemberFilter<'_>) -> Result<i64, StoreError> {
    Ok(matching!(conn, diesel::dsl::count_star(), org_id, filter).get_result(conn)?)
}

pub fn find(conn: &mut Conn, org_id: &str, user_id: &str) -> Result<Option<Member>, StoreError> {
    Ok(memberships::table
        .inner_join(users::table)
        .filter(memberships::org_id.eq(org_id).and(memberships::user_id.eq(user_id)))
        .select(columns!())
        .get_result(conn)
        .optional()?)
}

/// A membership that has ended.
#[derive(Debug, Insertable)]
#[diesel(table_name = ended_memberships)]
pub struct EndedMembership<'a> {
    pub id: &'a str,
    pub org_id: &'a str,
    pub user_id: &'a str,
    pub role: &'a str,
    pub created_at: Time,
    pub ended_at: Time,
    /// The user who removed the member; `None` if that was a service account.
    pub ended_by: Option<&'a str>,
    pub reason: &'a str,
}

/// Moves a membership to the ended ones.
pub fn end(conn: &mut Conn, ended: &EndedMembership<'_>) -> Result<(), StoreError> {
    diesel::insert_into(ended_memberships::table).values(ended).execute(conn)?;
    diesel::delete(memberships::table.find((ended.org_id, ended.user_id))).execute(conn)?;
    Ok(())
}
