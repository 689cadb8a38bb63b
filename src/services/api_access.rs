//! Settings > API access: the organization's switch for personal tokens.

use std::collections::HashSet;

use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::credential::EndReason;
use crate::domain::time::Time;
use crate::store::organizations::{self, Organization};
use crate::store::{Conn, StoreError, Work, audit, credentials};

/// What turning personal tokens off stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    pub sessions: usize,
    pub people: usize,
}

/// Counts before anything is saved.
pub fn effect(conn: &mut Conn, org_id: &str, now: Time) -> Result<Effect, StoreError> {
    let living = credentials::living_personal(conn, org_id, now)?;
    let people: HashSet<&Option<String>> = living.iter().map(|(_, owner)| owner).collect();
    Ok(Effect { sessions: living.len(), people: people.len() })
}

/// Turns the switch. Off suspends: turned on again, the same credentials work. `false` if it stood that way already.
pub fn set_personal_tokens(
    work: &mut Work<'_>,
    organization: &Organization,
    on: bool,
    actor: &Actor,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let Some(current) = organizations::lock(work.conn, &organization.id)? else { return Ok(false) };
    if current.personal_tokens == on {
        return Ok(false);
    }
    let effect = effect(work.conn, &organization.id, work.now)?;
    organizations::set_personal_tokens(work.conn, &organization.id, on)?;
    let action = if on { Action::PersonalTokensOn } else { Action::PersonalTokensOff };
    let event = Event::new(action, actor.clone(), origin).org(&organization.id).target(&organization.id);
    audit::record(work, event.detail("sessions", effect.sessions).detail("people", effect.people))?;
    Ok(true)
}

/// Ends every personal credential of the organization for good. A second act, never a side effect of the switch.
pub fn revoke_all(
    work: &mut Work<'_>,
    organization: &Organization,
    actor: &Actor,
    origin: &Origin,
) -> Result<usize, StoreError> {
    let living = credentials::living_personal(work.conn, &organization.id, work.now)?;
    for (id, owner) in &living {
        credentials::revoke(work.conn, id, work.now, EndReason::RevokedByAdmin)?;
        let event =
            Event::new(Action::SessionRevoked, actor.clone(), origin).org(&organization.id).credential(id);
        audit::record(work, event.target(owner.as_deref().unwrap_or_default()).detail("all", true))?;
    }
    Ok(living.len())
}
