//! Who may change which members, and which roles they may give.

use crate::config::Config;
use crate::domain::credential::CredentialKind;
use crate::domain::management::MEMBERS_MANAGE;
use crate::domain::role::{self, OWNER};
use crate::services::org_actor::{AuthMethod, OrgActor};
use crate::services::refusal::{ForbiddenCode, ServiceRefusal};
use crate::store::members::Member;
use crate::store::{Conn, TxError, Work, memberships};

/// Whether the actor manages members at all. In a browser this is for owners and admins, whatever the catalog says.
pub fn manages(actor: &OrgActor) -> bool {
    require_manages(actor).is_ok()
}

pub fn require_manages(actor: &OrgActor) -> Result<(), ServiceRefusal> {
    match &actor.auth_method {
        AuthMethod::Browser if actor.administers() => Ok(()),
        AuthMethod::Browser => Err(managers_only()),
        AuthMethod::Credential { .. } => actor.require(MEMBERS_MANAGE),
    }
}

pub(super) fn managers_only() -> ServiceRefusal {
    ServiceRefusal::forbidden("Only owners and admins can manage members.")
}

/// Rechecks an actor who manages members, and locks the organization until the end of the transaction.
pub(super) fn recheck(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
) -> Result<OrgActor, TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    require_manages(&actor)?;
    Ok(actor)
}

/// Refuses to change or remove an owner for anybody but an owner in a browser: a stolen key cannot take the organization.
pub fn require_may_change(actor: &OrgActor, member: &Member) -> Result<(), ServiceRefusal> {
    if member.role == OWNER { require_owner(actor) } else { Ok(()) }
}

/// Refuses anybody but an owner in a browser.
fn require_owner(actor: &OrgActor) -> Result<(), ServiceRefusal> {
    match &actor.auth_method {
        AuthMethod::Credential { .. } => {
            Err(needs_person("Only an owner can do this, signed in to a browser."))
        }
        AuthMethod::Browser if actor.role == OWNER => Ok(()),
        AuthMethod::Browser => {
            Err(ServiceRefusal::forbidden("Only an owner can make, change or remove an owner."))
        }
    }
}

pub(super) fn needs_person(message: &str) -> ServiceRefusal {
    ServiceRefusal::Forbidden { code: ForbiddenCode::NeedsPerson, message: message.to_owned() }
}

/// Refuses to give a member a role that can do more than the actor, and to change one's own.
pub(super) fn require_may_give(
    actor: &OrgActor,
    config: &Config,
    member: &Member,
    role: &str,
) -> Result<(), ServiceRefusal> {
    require_may_change(actor, member)?;
    if !may_have_role_changed(actor, member) {
        return Err(ServiceRefusal::forbidden(
            "Nobody can change their own role. Ask another owner or admin.",
        ));
    }
    require_may_assign(actor, config, role)
}

/// Members do not change their own role, except that an owner may step down.
pub fn may_have_role_changed(actor: &OrgActor, member: &Member) -> bool {
    actor.subject.user() != Some(&member.user_id) || member.role == OWNER
}

/// Refuses to give anybody a role that can do more than the actor.
pub fn require_may_assign(actor: &OrgActor, config: &Config, role: &str) -> Result<(), ServiceRefusal> {
    if role == OWNER {
        return require_owner(actor);
    }
    let held = config.catalog.held_by(role);
    match &actor.auth_method {
        AuthMethod::Browser if actor.role == OWNER => Ok(()),
        AuthMethod::Browser if role::administers(role) && !actor.administers() => Err(managers_only()),
        AuthMethod::Credential { .. } if role::administers(role) || held.contains(MEMBERS_MANAGE) => {
            let message = format!(
                "The role {role} administers the organization, so only a person in a browser can give it."
            );
            Err(needs_person(&message))
        }
        // A tool that the person has allowed to manage members acts with the role of the person.
        AuthMethod::Credential { kind: CredentialKind::CliSession, .. } => {
            let missing = held.difference(&config.catalog.held_by(&actor.role));
            if missing.is_empty() { Ok(()) } else { Err(ServiceRefusal::MissingScopes(missing)) }
        }
        AuthMethod::Browser | AuthMethod::Credential { .. } => actor.require_may_grant(&held),
    }
}

/// Refuses an act after which no owner who can sign in would be left. The organization must be locked.
pub(super) fn require_owner_left(
    conn: &mut Conn,
    actor: &OrgActor,
    member: &Member,
) -> Result<(), TxError<ServiceRefusal>> {
    let organization = &actor.organization;
    if member.role != OWNER || memberships::has_other_owner(conn, &organization.id, &member.user_id)? {
        return Ok(());
    }
    Err(ServiceRefusal::LastOwner { organization: organization.name.clone() }.into())
}
