//! Roles of members, changed by the operator.

use super::inviter_loss::{InviterLoss, cancel_of_inviter};
use super::operator_refusal::OperatorRefusal;
use super::{accounts, last_owner};
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::role::OWNER;
use crate::store::organizations::{self, Organization};
use crate::store::users::{self, User};
use crate::store::{StoreError, TxError, Work, memberships};

/// Gives a member another role and returns the role before. It applies from the next request on.
pub fn set_role(
    work: &mut Work<'_>,
    config: &Config,
    email: &str,
    slug: &str,
    role: &str,
) -> Result<String, TxError<OperatorRefusal>> {
    let (organization, user) = lock(work, slug, email)?;
    let before = memberships::stored_role(work.conn, &organization.id, &user.id)?
        .ok_or(OperatorRefusal::NotAMember)?;
    if before == OWNER && role != OWNER {
        last_owner::require_another(work, &organization, &user)?;
    }
    change(work, &organization, &user, &before, role)?;
    let caused = |action| Event::new(action, Actor::Operator, &Origin::default()).org(&organization.id);
    cancel_of_inviter(work, &organization.id, &user.id, InviterLoss::Role { config, role }, caused)?;
    Ok(before)
}

/// Makes a user an owner, as a new member if necessary. For an organization without an owner who can sign in,
/// so the user must be able to. Returns the role before; `None` if the user was not a member.
pub fn add_owner(
    work: &mut Work<'_>,
    slug: &str,
    email: &str,
) -> Result<Option<String>, TxError<OperatorRefusal>> {
    let (organization, user) = lock(work, slug, email)?;
    if user.disabled_at.is_some() {
        return Err(OperatorRefusal::UserDisabled.into());
    }
    let before = memberships::stored_role(work.conn, &organization.id, &user.id)?;
    let (actor, origin) = (Actor::Operator, Origin::default());
    match &before {
        Some(before) => change(work, &organization, &user, before, OWNER)?,
        None => accounts::add_member(work, &organization, &user, OWNER, &actor, &origin)?,
    }
    Ok(before)
}

/// Locks the organization. The user is read after that, so that it is the one that an earlier change left.
fn lock(
    work: &mut Work<'_>,
    slug: &str,
    email: &str,
) -> Result<(Organization, User), TxError<OperatorRefusal>> {
    let named = organizations::find_by_slug(work.conn, slug)?.ok_or(OperatorRefusal::NoSuchOrganization)?;
    let organization =
        organizations::lock(work.conn, &named.id)?.ok_or(OperatorRefusal::NoSuchOrganization)?;
    let user = users::find_by_email(work.conn, email)?.ok_or(OperatorRefusal::NoSuchUser)?;
    Ok((organization, user))
}

fn change(
    work: &mut Work<'_>,
    organization: &Organization,
    user: &User,
    before: &str,
    role: &str,
) -> Result<(), StoreError> {
    if before == role {
        return Ok(());
    }
    memberships::set_role(work.conn, &organization.id, &user.id, role)?;
    let event = Event::new(Action::MemberRoleChanged, Actor::Operator, &Origin::default())
        .org(&organization.id)
        .target(&user.id);
    work.record(event.detail("before", Fact::role(before)).detail("after", Fact::role(role)));
    Ok(())
}
