//! Settings > API access: the organization's switch for personal tokens, and its sign-in methods.

use std::collections::HashSet;

use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin, RecordedEvent};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::policy::DeviceFlow;
use crate::domain::time::Time;
use crate::store::credentials::PersonalCredential;
use crate::store::organizations::{self, Organization};
use crate::store::{Conn, StoreError, Work, audit, authorization_codes, credentials, device_requests, users};

/// Personal credentials that the switch suspends and that revoking all ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// CLI sessions.
    pub sessions: usize,
    pub personal_tokens: usize,
    /// Number of users who own them.
    pub people: usize,
}

impl Effect {
    fn of(active: &[PersonalCredential]) -> Self {
        let of_kind = |wanted| active.iter().filter(|(_, kind, _)| *kind == wanted).count();
        let people: HashSet<&Option<String>> = active.iter().map(|(_, _, owner)| owner).collect();
        Self {
            sessions: of_kind(CredentialKind::CliSession),
            personal_tokens: of_kind(CredentialKind::PersonalToken),
            people: people.len(),
        }
    }
}

/// Counts the affected credentials.
pub fn effect(conn: &mut Conn, org_id: &str, now: Time) -> Result<Effect, StoreError> {
    let [sessions, personal_tokens, people] = credentials::count_personal(conn, org_id, now)?
        .map(|count| usize::try_from(count).unwrap_or_default());
    Ok(Effect { sessions, personal_tokens, people })
}

/// Last change of the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// `None` for the operator, and for users who no longer exist.
    pub by: Option<String>,
    pub at: Time,
}

/// Reads the last change of the switch from the audit events; `None` if it was never changed.
pub fn last_change(conn: &mut Conn, org_id: &str) -> Result<Option<LastChange>, StoreError> {
    let turns = [Action::PersonalTokensOff, Action::PersonalTokensOn];
    let Some(RecordedEvent { event, .. }) = audit::latest(conn, org_id, &turns)? else { return Ok(None) };
    let user = match &event.actor_id {
        Some(id) => users::find(conn, id)?,
        None => None,
    };
    Ok(Some(LastChange { by: user.map(|user| user.name), at: event.at }))
}

/// Turns the switch. Off only suspends: after turning it on again the same credentials work. `false` if
/// nothing changed.
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
    work.record(
        event
            .detail("sessions", effect.sessions)
            .detail("personal_tokens", effect.personal_tokens)
            .detail("people", effect.people),
    );
    Ok(true)
}

/// Sign-in methods other than the browser on the member's own computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInMethods {
    pub device_flow: DeviceFlow,
    pub copy_code: bool,
}

/// Sets the sign-in methods, which from then on override the configuration's default. `false` if nothing
/// changed.
pub fn set_sign_in_methods(
    work: &mut Work<'_>,
    config: &Config,
    org_id: &str,
    sign_in_methods: SignInMethods,
    actor: &Actor,
    origin: &Origin,
) -> Result<bool, StoreError> {
    let Some(current) = organizations::lock(work.conn, org_id)? else { return Ok(false) };
    let before = current.policy(&config.organizations);
    let SignInMethods { device_flow, copy_code } = sign_in_methods;
    organizations::set_sign_in_methods(work.conn, org_id, device_flow, copy_code)?;
    let event = |action| Event::new(action, actor.clone(), origin).org(org_id).target(org_id);
    if before.device_flow != device_flow {
        let event = event(Action::DeviceFlowChanged).detail("before", before.device_flow.as_str());
        work.record(event.detail("after", device_flow.as_str()));
    }
    if before.copy_code != copy_code {
        work.record(event(if copy_code { Action::CopyCodeOn } else { Action::CopyCodeOff }));
    }
    Ok(before.device_flow != device_flow || before.copy_code != copy_code)
}

/// Revokes every personal credential of the organization. A separate action, never a side effect of the
/// switch.
pub fn revoke_all(
    work: &mut Work<'_>,
    organization: &Organization,
    actor: &Actor,
    origin: &Origin,
) -> Result<Effect, StoreError> {
    // The lock keeps new ones from being created until the commit; approved but unredeemed grants end as well.
    organizations::lock(work.conn, &organization.id)?;
    authorization_codes::expire_of_organization(work.conn, &organization.id, work.now)?;
    device_requests::expire_of_organization(work.conn, &organization.id, work.now)?;
    let reason = EndReason::RevokedByAdmin;
    let ended = credentials::revoke_personal(work.conn, &organization.id, work.now, reason)?;
    for (id, kind, owner) in &ended {
        let event =
            |action| Event::new(action, actor.clone(), origin).org(&organization.id).detail("all", true);
        work.record(match kind {
            CredentialKind::CliSession => {
                let event = event(Action::SessionRevoked).credential(id);
                event.target(owner.as_deref().unwrap_or_default())
            }
            CredentialKind::PersonalToken => event(Action::PersonalTokenRevoked).target(id),
            CredentialKind::ApiKey => event(Action::ApiKeyRevoked).target(id),
        });
    }
    Ok(Effect::of(&ended))
}
