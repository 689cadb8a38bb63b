//! Organizations.

use diesel::prelude::*;

use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::query::{Locked, Shared};
use super::engine::schema::{organization_names, organizations};
use chrono::TimeDelta;

use crate::config::Organizations;
use crate::domain::key_policy::{KeyPolicy, Lifetime, TokenCreators, TokenPolicy};
use crate::domain::policy::{DeviceFlow, Policy};
use crate::domain::time::Time;

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = organizations)]
pub struct Organization {
    pub id: String,
    pub slug: String,
    pub name: String,
    /// Whether members may have personal tokens and sign in to command-line tools.
    pub personal_tokens: bool,
    pub api_keys: bool,
    pub created_at: Time,
    pub disabled_at: Option<Time>,
    /// `None`: the configured default. The same for the fields below.
    pub device_flow: Option<DeviceFlow>,
    /// Whether members may sign in by copying a code from the page.
    pub copy_code: Option<bool>,
    pub unrestricted_keys: Option<bool>,
    /// 0: no limit.
    pub key_max_seconds: Option<i64>,
    pub personal_token_creators: Option<TokenCreators>,
    /// 0: no limit.
    pub personal_token_max_seconds: Option<i64>,
    /// User id; `None` if the operator made it.
    pub created_by: Option<String>,
    /// A deleted organization is also disabled.
    pub deleted_at: Option<Time>,
    /// When the rows of a deleted organization were removed.
    pub purged_at: Option<Time>,
    /// When its audit events were removed.
    pub log_removed_at: Option<Time>,
    /// Whether an owner allows join links.
    pub join_links: bool,
}

impl Organization {
    /// The sign-in policy in effect.
    pub fn policy(&self, defaults: &Organizations) -> Policy {
        Policy {
            personal_tokens: self.personal_tokens,
            device_flow: self.device_flow.unwrap_or(defaults.device_flow),
            copy_code: self.copy_code.unwrap_or(defaults.copy_code),
        }
    }

    /// The API key policy in effect.
    pub fn key_policy(&self, defaults: &Organizations) -> KeyPolicy {
        KeyPolicy {
            enabled: self.api_keys,
            unrestricted: self.unrestricted_keys.unwrap_or(defaults.unrestricted_keys),
            lifetime: Lifetime::of(self.key_max_seconds.map_or(defaults.key_max, TimeDelta::seconds)),
        }
    }

    /// The personal token policy in effect.
    pub fn token_policy(&self, defaults: &Organizations) -> TokenPolicy {
        let longest = self.personal_token_max_seconds.map_or(defaults.personal_token_max, TimeDelta::seconds);
        TokenPolicy {
            enabled: self.personal_tokens,
            creators: self.personal_token_creators.unwrap_or(defaults.personal_token_creators),
            lifetime: Lifetime::of(longest),
        }
    }
}

/// Inserts an organization with its name in URLs; `StoreError::Conflict` if that is taken.
pub fn insert(conn: &mut Conn, organization: &Organization) -> Result<(), StoreError> {
    diesel::insert_into(organizations::table).values(organization).execute(conn)?;
    diesel::insert_into(organization_names::table)
        .values((
            organization_names::slug.eq(&organization.slug),
            organization_names::org_id.eq(&organization.id),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Organization>, StoreError> {
    Ok(organizations::table.find(id).select(Organization::as_select()).get_result(conn).optional()?)
}

/// Finds an organization that is not purged by its name in URL paths.
pub fn find_by_slug(conn: &mut Conn, slug: &str) -> Result<Option<Organization>, StoreError> {
    let by_slug =
        organizations::table.filter(organizations::slug.eq(slug).and(organizations::purged_at.is_null()));
    Ok(by_slug.select(Organization::as_select()).get_result(conn).optional()?)
}

/// Reads an organization and locks it until the end of the transaction.
pub fn lock(conn: &mut Conn, id: &str) -> Result<Option<Organization>, StoreError> {
    let query = organizations::table.find(id).select(Organization::as_select());
    Ok(Locked(query).get_result(conn).optional()?)
}

/// Takes a shared lock on an organization until the end of the transaction, which blocks [`lock`]. Code that creates a
/// session in an organization, or consumes what a session is created from, calls this before it locks anything else of
/// the organization.
pub fn lock_shared(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    let query = organizations::table.find(id).select(organizations::id);
    Shared(query).get_result::<String>(conn).optional()?;
    Ok(())
}

pub fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(organizations::table.count().get_result(conn)?)
}

/// Allows or forbids personal tokens and CLI sessions.
pub fn set_personal_tokens(conn: &mut Conn, id: &str, on: bool) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id)).set(organizations::personal_tokens.eq(on)).execute(conn)?;
    Ok(())
}

/// Sets which sign-in methods are allowed besides the browser on the member's own computer.
pub fn set_sign_in_methods(
    conn: &mut Conn,
    id: &str,
    device_flow: DeviceFlow,
    copy_code: bool,
) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id))
        .set((organizations::device_flow.eq(device_flow), organizations::copy_code.eq(copy_code)))
        .execute(conn)?;
    Ok(())
}

/// Allows or forbids API keys.
pub fn set_api_keys(conn: &mut Conn, id: &str, on: bool) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id)).set(organizations::api_keys.eq(on)).execute(conn)?;
    Ok(())
}

/// Sets the limits of API keys and personal tokens. 0 seconds: no limit.
pub fn set_credential_limits(
    conn: &mut Conn,
    id: &str,
    unrestricted_keys: bool,
    key_max_seconds: i64,
    personal_token_creators: TokenCreators,
    personal_token_max_seconds: i64,
) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id))
        .set((
            organizations::unrestricted_keys.eq(unrestricted_keys),
            organizations::key_max_seconds.eq(key_max_seconds),
            organizations::personal_token_creators.eq(personal_token_creators),
            organizations::personal_token_max_seconds.eq(personal_token_max_seconds),
        ))
        .execute(conn)?;
    Ok(())
}

/// A page of the organizations by slug, disabled and deleted ones included, purged ones not. `after` is the last slug of
/// the page before it, or empty.
pub fn page(conn: &mut Conn, after: &str, limit: i64) -> Result<Vec<Organization>, StoreError> {
    Ok(organizations::table
        .filter(organizations::slug.gt(after).and(organizations::purged_at.is_null()))
        .order(organizations::slug)
        .limit(limit)
        .select(Organization::as_select())
        .load(conn)?)
}

/// Allows or forbids join links.
pub fn set_join_links(conn: &mut Conn, id: &str, on: bool) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id)).set(organizations::join_links.eq(on)).execute(conn)?;
    Ok(())
}

/// Sets the name for people.
pub fn set_name(conn: &mut Conn, id: &str, name: &str) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id)).set(organizations::name.eq(name)).execute(conn)?;
    Ok(())
}

/// Number of organizations that a user has made since `since` and that are not deleted.
pub fn count_of_creator(conn: &mut Conn, user_id: &str, since: Time) -> Result<i64, StoreError> {
    Ok(organizations::table
        .filter(organizations::created_by.eq(user_id).and(organizations::created_at.gt(since)))
        .filter(organizations::purged_at.is_null())
        .count()
        .get_result(conn)?)
}

/// Deletes an organization, which is also disabled, or restores it with `None`.
pub fn set_deleted(conn: &mut Conn, id: &str, at: Option<Time>) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id))
        .set((organizations::deleted_at.eq(at), organizations::disabled_at.eq(at)))
        .execute(conn)?;
    Ok(())
}

/// Disables an organization at `at`, or restores it with `None`.
pub fn set_disabled(conn: &mut Conn, id: &str, at: Option<Time>) -> Result<(), StoreError> {
    diesel::update(organizations::table.find(id)).set(organizations::disabled_at.eq(at)).execute(conn)?;
    Ok(())
}
