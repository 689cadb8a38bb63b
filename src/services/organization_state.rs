//! Disabling and restoring organizations, by the operator.

use super::operator_refusal::OperatorRefusal;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::organization::UNDO;
use crate::domain::time::Time;
use crate::store::organizations::{self, Organization};
use crate::store::{StoreError, TxError, Work, memberships};

/// Disables an organization; `false` if it was disabled already. Nothing is deleted: every use reads the organization,
/// so that its pages and all that acts in it are refused from the next request on.
pub fn disable(work: &mut Work<'_>, slug: &str) -> Result<bool, TxError<OperatorRefusal>> {
    let organization = lock(work, slug)?;
    if organization.disabled_at.is_some() {
        return Ok(false);
    }
    set(work, &organization, Some(work.now), Action::OrganizationDisabled)?;
    Ok(true)
}

/// What [`restore`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// `false` if it was not disabled.
    pub changed: bool,
    /// Whether an owner can sign in. While an organization is disabled, its owners may be disabled as well.
    pub has_owner: bool,
}

/// Restores an organization that is disabled or deleted: everything works again that has not ended meanwhile. The sessions
/// of a deleted one have ended with it.
pub fn restore(work: &mut Work<'_>, slug: &str) -> Result<Restored, TxError<OperatorRefusal>> {
    let organization = lock(work, slug)?;
    let changed = organization.disabled_at.is_some();
    if let Some(deleted_at) = organization.deleted_at {
        // From then on its rows may be on their way out.
        if work.now >= deleted_at + UNDO {
            return Err(OperatorRefusal::UndoOver { since: deleted_at + UNDO }.into());
        }
        organizations::set_deleted(work.conn, &organization.id, None)?;
        let event = Event::new(Action::OrganizationRestored, Actor::Operator, &Origin::default());
        work.record(event.org(&organization.id).target(&organization.id).detail("deleted_at", deleted_at));
    } else if changed {
        set(work, &organization, None, Action::OrganizationRestored)?;
    }
    let has_owner = memberships::has_other_owner(work.conn, &organization.id, "")?;
    Ok(Restored { changed, has_owner })
}

fn lock(work: &mut Work<'_>, slug: &str) -> Result<Organization, TxError<OperatorRefusal>> {
    let named = organizations::find_by_slug(work.conn, slug)?.ok_or(OperatorRefusal::NoSuchOrganization)?;
    Ok(organizations::lock(work.conn, &named.id)?.ok_or(OperatorRefusal::NoSuchOrganization)?)
}

fn set(
    work: &mut Work<'_>,
    organization: &Organization,
    disabled_at: Option<Time>,
    action: Action,
) -> Result<(), StoreError> {
    organizations::set_disabled(work.conn, &organization.id, disabled_at)?;
    let event = Event::new(action, Actor::Operator, &Origin::default()).org(&organization.id);
    work.record(event.target(&organization.id));
    Ok(())
}
