//! Creating an API key.

use super::{CreatedCredential, require_enabled};
use crate::config::Config;
use crate::domain::allowed_addresses::AllowedAddresses;
use crate::domain::audit::{Action, Fact};
use crate::domain::granted_scopes::GrantedScopes;
use crate::domain::id::IdKind;
use crate::domain::management::KEYS_MANAGE;
use crate::domain::scope::Catalog;
use crate::domain::static_secret::{self, Mode, StaticKind};
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::services::{credential_names, field_validation};
use crate::store::static_credentials::{self, StaticCredential};
use crate::store::{StoreError, TxError, Work, service_accounts};

/// Fields of a new key.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub name: String,
    pub mode: Mode,
    /// `None` for an unrestricted key, if the organization allows them.
    pub scopes: Option<Vec<String>>,
    pub ends_at: Option<Time>,
    /// Service account that owns the key; `None` for the creator.
    pub service_account: Option<String>,
    /// `None` for any address.
    pub allowed_addresses: Option<Vec<String>>,
}

/// Creates a key. The secret is only in the returned value.
pub fn create(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    new: &NewKey,
) -> Result<CreatedCredential, TxError<ServiceRefusal>> {
    let actor = actor.recheck_with(work, config, KEYS_MANAGE)?;
    require_enabled(config, &actor)?;
    let (owner, role) = owner(work, config, &actor, new.service_account.as_deref())?;
    let policy = actor.organization.key_policy(&config.organizations);
    let name = field_validation::name(&new.name)?;
    let granted = granted(config, &actor, new.scopes.as_deref())?;
    require_may_grant(&config.catalog, &actor, &granted, &role)?;
    let ends_at =
        field_validation::end("API keys", &actor.organization.name, policy.lifetime, work.now, new.ends_at)?;
    let allowed_addresses = addresses(new.allowed_addresses.as_deref())?;
    let kind = StaticKind::ApiKey(new.mode);
    actor.bounds.check(kind, ends_at, allowed_addresses.as_ref())?;
    let key = Draft { kind, owner, name, granted, ends_at, allowed_addresses };
    let created = key.make(work, config, &actor)?;
    record(work, &actor, Action::ApiKeyCreated, &created.named.credential);
    Ok(created)
}

/// Owner of the new key, with the role that bounds it.
fn owner(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    service_account: Option<&str>,
) -> Result<(SubjectId, String), TxError<ServiceRefusal>> {
    let Some(id) = service_account.filter(|id| *id != actor.subject.as_str()) else {
        return Ok((actor.subject.clone(), actor.role.clone()));
    };
    if !actor.administers() {
        return Err(ServiceRefusal::forbidden(
            "Only owners and admins can create API keys for service accounts.",
        )
        .into());
    }
    // PostgreSQL has no text with a NUL in it to look for.
    let account =
        if id.contains('\0') { None } else { service_accounts::lock(work.conn, &actor.organization.id, id)? };
    let Some(account) = account.filter(|account| account.disabled_at.is_none()) else {
        let message = "serviceAccount is not the id of an active service account. GET /api/v1/service-accounts lists them.";
        return Err(ServiceRefusal::invalid("serviceAccount", message).into());
    };
    actor.require_not_outranked(&config.catalog, &account.role)?;
    Ok((SubjectId::ServiceAccount(account.id), account.role))
}

fn granted(
    config: &Config,
    actor: &OrgActor,
    scopes: Option<&[String]>,
) -> Result<GrantedScopes, ServiceRefusal> {
    let organization = &actor.organization;
    match scopes {
        Some(names) => field_validation::scopes(&config.catalog, names).map(GrantedScopes::Scopes),
        None if organization.key_policy(&config.organizations).unrestricted => {
            Ok(GrantedScopes::Unrestricted)
        }
        None => {
            let message = format!(
                "{} does not allow API keys without scopes. Name at least one in scopes, or ask an owner or admin to allow unrestricted keys.",
                organization.name
            );
            Err(ServiceRefusal::invalid("scopes", message))
        }
    }
}

/// Refuses a key with more scopes than its owner or its creator.
pub(super) fn require_may_grant(
    catalog: &Catalog,
    actor: &OrgActor,
    granted: &GrantedScopes,
    role: &str,
) -> Result<(), ServiceRefusal> {
    actor.require_may_grant(&granted.named())?;
    actor.require_may_grant(&granted.within(catalog, role))?;
    let beyond = granted.named().difference(&catalog.held_by(role));
    if beyond.is_empty() {
        return Ok(());
    }
    let message = format!("The owner of the key has the role {role}, which does not include {beyond}.");
    Err(ServiceRefusal::invalid("scopes", message))
}

fn addresses(texts: Option<&[String]>) -> Result<Option<AllowedAddresses>, ServiceRefusal> {
    let parse = |texts: &[String]| AllowedAddresses::parse(texts.iter().map(String::as_str));
    texts
        .map(parse)
        .transpose()
        .map_err(|bad| ServiceRefusal::invalid("allowedAddresses", format!("allowedAddresses {bad}.")))
}

/// A static credential without secret and row.
pub(in crate::services) struct Draft {
    pub(in crate::services) kind: StaticKind,
    pub(in crate::services) owner: SubjectId,
    pub(in crate::services) name: String,
    pub(in crate::services) granted: GrantedScopes,
    pub(in crate::services) ends_at: Option<Time>,
    pub(in crate::services) allowed_addresses: Option<AllowedAddresses>,
}

impl Draft {
    /// Generates the secret and inserts its digest.
    pub(in crate::services) fn make(
        self,
        work: &mut Work<'_>,
        config: &Config,
        actor: &OrgActor,
    ) -> Result<CreatedCredential, StoreError> {
        let minted = static_secret::mint(&config.brand.token_prefix, self.kind, work.entropy);
        let id = match self.kind {
            StaticKind::ApiKey(_) => IdKind::ApiKey,
            StaticKind::PersonalToken => IdKind::PersonalToken,
        };
        let credential = StaticCredential {
            id: id.new_id(work.entropy),
            kind: self.kind,
            org_id: actor.organization.id.clone(),
            owner: self.owner,
            created_by: actor.subject.clone(),
            name: self.name,
            granted: self.granted,
            digest: minted.digest,
            display_prefix: minted.display_prefix,
            last_four: minted.last_four,
            allowed_addresses: self.allowed_addresses,
            created_at: work.now,
            created_ip: actor.origin.ip.clone(),
            ends_at: self.ends_at,
            last_used_at: None,
            last_used_ip: None,
            revoked_at: None,
            revoked_reason: None,
            replaced_by: None,
        };
        static_credentials::insert(work.conn, &credential)?;
        Ok(CreatedCredential {
            named: credential_names::with_name(work.conn, credential)?,
            secret: minted.secret,
        })
    }
}

/// Records an audit event with the properties of a key or token.
pub(in crate::services) fn record(
    work: &mut Work<'_>,
    actor: &OrgActor,
    action: Action,
    credential: &StaticCredential,
) {
    let event = actor
        .event(action)
        .target(&credential.id)
        .text_of(credential.owner.user(), "name", Some(&credential.name))
        .detail("owner", Fact::id(credential.owner.as_str()))
        .detail("scopes", Fact::scopes(&credential.granted.named().to_string()))
        .detail("unrestricted", credential.granted.is_unrestricted())
        .detail("expires_at", credential.ends_at);
    let event = match credential.kind.mode() {
        Some(mode) => event.detail("mode", mode.as_str()),
        None => event,
    };
    work.record(event);
}
