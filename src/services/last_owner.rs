//! Every organization keeps an owner who can sign in.

use crate::store::organizations::Organization;
use crate::store::users::User;
use crate::store::{RefusalReason, TxError, Work, memberships};

/// The change would leave this organization without an owner who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastOwner {
    pub slug: String,
}

impl RefusalReason for LastOwner {}

/// Refuses to take a user away from the owners of an organization if none of the others can sign in. The caller has
/// locked the organization, so of two changes at the same time the second sees the first.
pub fn require_another(
    work: &mut Work<'_>,
    organization: &Organization,
    user: &User,
) -> Result<(), TxError<LastOwner>> {
    // Without this user there is no owner fewer who can sign in.
    if user.disabled_at.is_some() || user.password_hash.is_none() {
        return Ok(());
    }
    if memberships::has_other_owner(work.conn, &organization.id, &user.id)? {
        return Ok(());
    }
    Err(LastOwner { slug: organization.slug.clone() }.into())
}
