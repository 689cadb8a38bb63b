//! Removes the personal data of a user from every table. Ids stay, because they identify no person once the address and the
//! name are gone.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::audit;
use super::engine::conn::Conn;
use super::engine::error::StoreError;
use super::engine::schema::{
    authorization_requests, credentials, device_requests, ended_memberships, invitations, password_resets,
    removed_credentials, users, uses, web_sessions,
};
use super::users::User;
use crate::domain::invitation::InvitationState;
use crate::domain::time::Time;

/// In place of a name.
pub const ERASED_NAME: &str = "Erased person";

const NONE: Option<String> = None;

/// The conditions of the indexes of credentials by user, which together hold all of them.
const CREDENTIALS: [&str; 4] = [
    "credentials.secret_hash IS NOT NULL",
    "credentials.revoked_at IS NOT NULL",
    "credentials.revoked_at IS NULL AND credentials.expired_at IS NULL",
    "credentials.revoked_at IS NULL AND credentials.expired_at IS NOT NULL",
];

/// Erases the personal data of a user, whose memberships have ended, and disables the account. Returns the number of
/// values in the audit log.
pub fn erase(conn: &mut Conn, user: &User, at: Time) -> Result<usize, StoreError> {
    let own = ended_memberships::table.filter(ended_memberships::user_id.eq(&user.id));
    let org_ids: Vec<String> = own.select(ended_memberships::org_id).distinct().load(conn)?;
    let values = audit::erase_of_user(conn, &user.id)?;
    credentials_of(conn, &user.id, &org_ids)?;
    diesel::update(uses::table.filter(uses::org_id.eq_any(&org_ids).and(uses::user_id.eq(&user.id))))
        .set(uses::ip.eq(NONE))
        .execute(conn)?;
    diesel::delete(web_sessions::table.filter(web_sessions::user_id.eq(&user.id))).execute(conn)?;
    diesel::delete(password_resets::table.filter(password_resets::user_id.eq(&user.id))).execute(conn)?;
    requests_of(conn, user)?;
    invitations_of(conn, user, at)?;
    diesel::update(users::table.find(&user.id))
        .set((
            // No address, so no sign-in works with it, and no other user gets it.
            users::email.eq(&user.id),
            users::name.eq(ERASED_NAME),
            users::password_hash.eq(NONE),
            users::password_changed_at.eq(None::<Time>),
            users::devices_forgotten_at.eq(at),
            users::disabled_at.eq(at),
        ))
        .execute(conn)?;
    Ok(values)
}

fn credentials_of(conn: &mut Conn, user_id: &str, org_ids: &[String]) -> Result<(), StoreError> {
    for condition in CREDENTIALS {
        let own = credentials::table.filter(credentials::user_id.eq(user_id)).filter(sql::<Bool>(condition));
        diesel::update(own)
            .set((
                credentials::name.eq(ERASED_NAME),
                credentials::created_ip.eq(NONE),
                credentials::device_name.eq(NONE),
                credentials::device_os.eq(NONE),
                credentials::tool_version.eq(NONE),
                credentials::last_used_ip.eq(NONE),
                credentials::allowed_addresses.eq(NONE),
            ))
            .execute(conn)?;
    }
    // Keys of service accounts that the user created keep working.
    let made = credentials::table
        .filter(credentials::org_id.eq_any(org_ids))
        .filter(sql::<Bool>("credentials.secret_hash IS NOT NULL"))
        .filter(credentials::created_by_user.eq(user_id));
    diesel::update(made).set(credentials::created_ip.eq(NONE)).execute(conn)?;
    diesel::update(removed_credentials::table.filter(removed_credentials::user_id.eq(user_id)))
        .set(removed_credentials::name.eq(ERASED_NAME))
        .execute(conn)?;
    Ok(())
}

/// Requests that wait for their sweep.
fn requests_of(conn: &mut Conn, user: &User) -> Result<(), StoreError> {
    let hinted = authorization_requests::login_hint.eq(&user.email);
    let own = authorization_requests::user_id.eq(&user.id).or(hinted);
    diesel::update(authorization_requests::table.filter(own))
        .set((
            authorization_requests::login_hint.eq(NONE),
            authorization_requests::device_name.eq(NONE),
            authorization_requests::device_os.eq(NONE),
            authorization_requests::tool_version.eq(NONE),
            authorization_requests::pushed_ip.eq(NONE),
        ))
        .execute(conn)?;
    diesel::update(device_requests::table.filter(device_requests::user_id.eq(&user.id)))
        .set((
            device_requests::device_name.eq(NONE),
            device_requests::device_os.eq(NONE),
            device_requests::tool_version.eq(NONE),
            device_requests::ip.eq(NONE),
            device_requests::answered_ip.eq(NONE),
        ))
        .execute(conn)?;
    Ok(())
}

/// Invitations of the user by others, and of others by the user.
fn invitations_of(conn: &mut Conn, user: &User, at: Time) -> Result<(), StoreError> {
    let received = || invitations::address.eq(&user.email).or(invitations::accepted_by.eq(&user.id));
    let waiting = invitations::state.eq(InvitationState::Waiting);
    let open = invitations::table.filter(waiting.and(received().or(invitations::invited_by.eq(&user.id))));
    diesel::update(open)
        .set((invitations::state.eq(InvitationState::Canceled), invitations::state_at.eq(at)))
        .execute(conn)?;
    diesel::update(invitations::table.filter(received()))
        .set((invitations::address.eq(&user.id), invitations::note.eq("")))
        .execute(conn)?;
    diesel::update(invitations::table.filter(invitations::invited_by.eq(&user.id)))
        .set(invitations::note.eq(""))
        .execute(conn)?;
    Ok(())
}

/// Makes SQLite overwrite what this connection deletes, until [`forget_normally`]. PostgreSQL removes old rows when it
/// vacuums.
pub fn forget_thoroughly(conn: &mut Conn) -> Result<(), StoreError> {
    secure_delete(conn, "PRAGMA secure_delete = ON")
}

pub fn forget_normally(conn: &mut Conn) -> Result<(), StoreError> {
    secure_delete(conn, "PRAGMA secure_delete = OFF")
}

fn secure_delete(conn: &mut Conn, statement: &str) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(_) => {}
        Conn::Sqlite(conn) => conn.batch_execute(statement)?,
    }
    Ok(())
}

/// Rewrites a SQLite file without the remains of deleted rows, and empties its log. Other writes wait meanwhile. Does
/// nothing on PostgreSQL.
pub fn compact(conn: &mut Conn) -> Result<(), StoreError> {
    match conn {
        Conn::Postgres(_) => {}
        Conn::Sqlite(conn) => {
            conn.batch_execute("PRAGMA busy_timeout = 10000; VACUUM; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 1500")?;
        }
    }
    Ok(())
}
