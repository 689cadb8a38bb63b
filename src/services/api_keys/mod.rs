//! API keys: an organization's credentials for programs, each bounded by the role of its owner.
//!
//! Creating keys takes `keys:manage`, and a key never has more scopes than its creator. Owners and admins see
//! every key, other members their own.

mod change;
mod create;
mod rotate;

pub use change::{EditableKey, editable, revoke, set_scopes};
pub(super) use create::{Draft, record};
pub use create::{NewKey, create};
pub use rotate::{Overlap, Rotated, rotate};

use super::credential_names::{self, NamedCredential};
use super::org_actor::OrgActor;
use super::refusal::{ForbiddenCode, ServiceRefusal};
use crate::config::Config;
use crate::domain::credential::CredentialKind;
use crate::domain::management::{KEYS_MANAGE, KEYS_READ};
use crate::domain::secret::Secret;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::store::static_credentials::{self, PageQuery, StaticCredential};
use crate::store::{Conn, StoreError, TxError, Work, memberships, service_accounts};

/// A new credential and its secret, which is not stored.
#[derive(Debug)]
pub struct CreatedCredential {
    pub named: NamedCredential,
    pub secret: Secret,
}

const NO_SUCH_KEY: ServiceRefusal = ServiceRefusal::NotFound("There is no such API key.");

/// A page of the keys that the actor may see.
pub fn list(
    conn: &mut Conn,
    actor: &OrgActor,
    part: PageQuery<'_>,
) -> Result<Vec<NamedCredential>, TxError<ServiceRefusal>> {
    require_may_read(actor)?;
    let (org_id, kind) = (&actor.organization.id, CredentialKind::ApiKey);
    let page = static_credentials::page(conn, org_id, kind, actor.visible_owner(), part)?;
    Ok(credential_names::with_names(conn, page)?)
}

/// A page of the keys of a service account, for actors who may see all keys.
pub fn of_service_account(
    conn: &mut Conn,
    actor: &OrgActor,
    id: &str,
    part: PageQuery<'_>,
) -> Result<Vec<NamedCredential>, TxError<ServiceRefusal>> {
    require_may_read(actor)?;
    let owner = SubjectId::ServiceAccount(id.to_owned());
    if actor.visible_owner().is_some_and(|seen| *seen != owner) {
        return Ok(Vec::new());
    }
    let (org_id, kind) = (&actor.organization.id, CredentialKind::ApiKey);
    let page = static_credentials::page(conn, org_id, kind, Some(&owner), part)?;
    Ok(credential_names::with_names(conn, page)?)
}

/// Finds a key.
pub fn find(conn: &mut Conn, actor: &OrgActor, id: &str) -> Result<NamedCredential, TxError<ServiceRefusal>> {
    require_may_read(actor)?;
    let found = static_credentials::find(conn, &actor.organization.id, CredentialKind::ApiKey, id)?;
    let key = found.filter(|key| is_visible(actor, key)).ok_or(NO_SUCH_KEY)?;
    Ok(credential_names::with_name(conn, key)?)
}

/// Reading keys takes `keys:read` or `keys:manage`.
fn require_may_read(actor: &OrgActor) -> Result<(), ServiceRefusal> {
    actor.require(KEYS_MANAGE).or_else(|_| actor.require(KEYS_READ))
}

fn is_visible(actor: &OrgActor, key: &StaticCredential) -> bool {
    actor.visible_owner().is_none_or(|owner| *owner == key.owner)
}

/// Locks a key that the actor may manage.
fn managed(
    work: &mut Work<'_>,
    actor: &OrgActor,
    id: &str,
) -> Result<StaticCredential, TxError<ServiceRefusal>> {
    let found = static_credentials::lock(work.conn, &actor.organization.id, CredentialKind::ApiKey, id)?;
    Ok(found.filter(|key| is_visible(actor, key)).ok_or(NO_SUCH_KEY)?)
}

/// The current role of a key's owner; `None` if the owner is gone or disabled.
fn owner_role(conn: &mut Conn, key: &StaticCredential) -> Result<Option<String>, StoreError> {
    match &key.owner {
        SubjectId::User(id) => memberships::role(conn, &key.org_id, id),
        SubjectId::ServiceAccount(id) => {
            Ok(service_accounts::active_account(conn, id)?.map(|(_, account)| account.role))
        }
    }
}

/// Returns a refusal if the organization does not allow API keys.
fn require_enabled(config: &Config, actor: &OrgActor) -> Result<(), ServiceRefusal> {
    let organization = &actor.organization;
    if organization.key_policy(&config.organizations).enabled {
        return Ok(());
    }
    let message =
        format!("{} does not allow API keys. An owner or admin can turn them on.", organization.name);
    Err(ServiceRefusal::Forbidden { code: ForbiddenCode::KeysOff, message })
}

fn require_active(key: &StaticCredential, now: Time) -> Result<(), ServiceRefusal> {
    if key.revoked_at.is_some() {
        return Err(ServiceRefusal::Ended(
            "The API key was revoked, which cannot be undone. Create a new one.".to_owned(),
        ));
    }
    if key.has_ended(now) {
        return Err(ServiceRefusal::Ended("The API key has expired. Create a new one.".to_owned()));
    }
    Ok(())
}
