//! The open invitations for the address of a signed-in user.

use super::standing::{self, OpenInvitation, Standing};
use crate::config::Config;
use crate::domain::time::Time;
use crate::store::memberships::{self, OrganizationKey};
use crate::store::users::User;
use crate::store::{Conn, StoreError, invitations};

/// Invitations that are looked at, newest first.
const NEWEST: i64 = 50;

/// The newest invitations that this user can accept.
pub fn open_for(
    conn: &mut Conn,
    config: &Config,
    user: &User,
    now: Time,
) -> Result<Vec<OpenInvitation>, StoreError> {
    let mut open = Vec::new();
    for invitation in invitations::of_address(conn, &user.email, NEWEST)? {
        let organization = OrganizationKey::Id(&invitation.org_id);
        if memberships::of_user_named(conn, &user.id, organization)?.is_some() {
            continue;
        }
        match standing::of(conn, config, invitation, now)? {
            Standing::Open(found) => open.push(*found),
            Standing::Ended(_) | Standing::Unknown => {}
        }
    }
    Ok(open)
}
