//! CLI sessions, for their owners and for admins.

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::role;
use crate::store::credentials::{self, Credential};
use crate::store::own_sessions::{self, SessionOwner};
use crate::store::{Conn, StoreError, Work, authorization_codes, device_requests, memberships};

/// Maximum length of a session name, in characters.
pub const MAX_NAME: usize = 63;

/// Access of a user to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionAccess {
    Owner,
    Admin,
}

/// A session with the user's access to it; `None` if they may not see it.
pub fn find_with_access(
    conn: &mut Conn,
    session_id: &str,
    user_id: &str,
) -> Result<Option<(Credential, SessionAccess)>, StoreError> {
    let Some(session) =
        credentials::find(conn, session_id)?.filter(|found| found.kind == CredentialKind::CliSession)
    else {
        return Ok(None);
    };
    let Some(role) = memberships::role(conn, &session.org_id, user_id)? else { return Ok(None) };
    Ok(if session.user_id.as_deref() == Some(user_id) {
        Some((session, SessionAccess::Owner))
    } else if role::administers(&role) {
        Some((session, SessionAccess::Admin))
    } else {
        None
    })
}

/// Ends a session; `None` if there is none that the user may end.
pub fn end(
    work: &mut Work<'_>,
    session_id: &str,
    user_id: &str,
    origin: &Origin,
) -> Result<Option<Credential>, StoreError> {
    let Some((session, access)) = find_with_access(work.conn, session_id, user_id)? else {
        return Ok(None);
    };
    let reason = match access {
        SessionAccess::Owner => EndReason::SignedOut,
        SessionAccess::Admin => EndReason::RevokedByAdmin,
    };
    end_one(work, &session, user_id, reason, origin)?;
    credentials::find(work.conn, session_id)
}

/// Ends all active sessions of a user in an organization and returns their number.
pub fn end_all(
    work: &mut Work<'_>,
    org_id: &str,
    user_id: &str,
    origin: &Origin,
) -> Result<usize, StoreError> {
    let ended =
        own_sessions::revoke(work.conn, SessionOwner { org_id, user_id }, work.now, EndReason::SignedOut)?;
    for session_id in &ended {
        work.record(ended_event(org_id, session_id, user_id, user_id, EndReason::SignedOut, origin));
    }
    Ok(ended.len())
}

/// Ends all active sessions of a user in every organization, and approvals that no tool has fetched. Returns the number
/// of sessions.
pub fn end_everywhere(work: &mut Work<'_>, user_id: &str, origin: &Origin) -> Result<usize, StoreError> {
    let mut ended = 0;
    for org_id in memberships::organization_ids(work.conn, user_id)? {
        authorization_codes::expire_of_member(work.conn, &org_id, user_id, work.now)?;
        device_requests::expire_of_member(work.conn, &org_id, user_id, work.now)?;
        ended += end_all(work, &org_id, user_id, origin)?;
    }
    Ok(ended)
}

fn end_one(
    work: &mut Work<'_>,
    session: &Credential,
    user_id: &str,
    reason: EndReason,
    origin: &Origin,
) -> Result<(), StoreError> {
    if !credentials::revoke(work.conn, &session.id, work.now, reason)? {
        return Ok(());
    }
    let owner = session.user_id.as_deref().unwrap_or_default();
    work.record(ended_event(&session.org_id, &session.id, owner, user_id, reason, origin));
    Ok(())
}

fn ended_event(
    org_id: &str,
    session_id: &str,
    owner: &str,
    by: &str,
    reason: EndReason,
    origin: &Origin,
) -> Event {
    Event::new(Action::SessionRevoked, Actor::User(by.to_owned()), origin)
        .org(org_id)
        .credential(session_id)
        .target(owner)
        .detail("reason", reason.as_str())
}

/// Renames a user's own session; `false` if it is not theirs or the name is invalid.
pub fn rename(
    work: &mut Work<'_>,
    session_id: &str,
    user_id: &str,
    name: &str,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    let Some((session, SessionAccess::Owner)) =
        find_with_access(work.conn, session_id, user_id)?.filter(|_| fits)
    else {
        return Ok(false);
    };
    credentials::rename(work.conn, &session.id, name)?;
    let event = Event::new(Action::SessionRenamed, Actor::User(user_id.to_owned()), origin)
        .org(&session.org_id)
        .credential(&session.id)
        .text("before", Some(&session.name))
        .text("after", Some(name));
    work.record(event);
    Ok(true)
}
