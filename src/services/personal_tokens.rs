//! Personal tokens: static secrets that users create for their own programs. Users see and revoke only their
//! own.

use super::api_keys::{CreatedCredential, Draft, record};
use super::credential_names::{self, NamedCredential};
use super::field_validation;
use super::org_actor::OrgActor;
use super::refusal::{ForbiddenCode, ServiceRefusal};
use crate::config::Config;
use crate::domain::audit::Action;
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::granted_scopes::GrantedScopes;
use crate::domain::management::TOKENS_MANAGE;
use crate::domain::static_secret::StaticKind;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::store::static_credentials::{self, PageQuery, StaticCredential};
use crate::store::{Conn, TxError, Work, credentials};

/// Fields of a new personal token.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<String>,
    pub ends_at: Option<Time>,
}

const NO_SUCH_TOKEN: ServiceRefusal = ServiceRefusal::NotFound("There is no such personal token.");
const KIND: CredentialKind = CredentialKind::PersonalToken;

/// Creates a token for the actor. The secret is only in the returned value.
pub fn create(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    new: &NewToken,
) -> Result<CreatedCredential, TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    let owner = require_person(&actor)?;
    let organization = &actor.organization;
    let policy = organization.token_policy(&config.organizations);
    if !policy.enabled {
        let message = format!(
            "{} does not allow personal tokens. An owner or admin can turn them on.",
            organization.name
        );
        return Err(ServiceRefusal::Forbidden { code: ForbiddenCode::PersonalTokensOff, message }.into());
    }
    if !policy.creators.include(&actor.role) {
        let message = format!("{} allows personal tokens for owners and admins only.", organization.name);
        return Err(ServiceRefusal::forbidden(message).into());
    }
    let name = field_validation::name(&new.name)?;
    let scopes = field_validation::scopes(&config.catalog, &new.scopes)?;
    actor.require_may_grant(&scopes)?;
    let ends_at =
        field_validation::end("personal tokens", &organization.name, policy.lifetime, work.now, new.ends_at)?;
    actor.bounds.check(StaticKind::PersonalToken, ends_at, None)?;
    let draft = Draft {
        kind: StaticKind::PersonalToken,
        owner,
        name,
        granted: GrantedScopes::Scopes(scopes),
        ends_at,
        allowed_addresses: None,
    };
    let created = draft.make(work, config, &actor)?;
    record(work, &actor, Action::PersonalTokenCreated, &created.named.credential);
    Ok(created)
}

/// A page of the user's tokens.
pub fn list(
    conn: &mut Conn,
    actor: &OrgActor,
    part: PageQuery<'_>,
) -> Result<Vec<NamedCredential>, TxError<ServiceRefusal>> {
    let owner = require_person(actor)?;
    let page = static_credentials::page(conn, &actor.organization.id, KIND, Some(&owner), part)?;
    Ok(credential_names::with_names(conn, page)?)
}

pub fn find(conn: &mut Conn, actor: &OrgActor, id: &str) -> Result<NamedCredential, TxError<ServiceRefusal>> {
    let token = find_own(conn, actor, id)?;
    Ok(credential_names::with_name(conn, token)?)
}

/// Revokes a token. Idempotent.
pub fn revoke(
    work: &mut Work<'_>,
    actor: &OrgActor,
    id: &str,
) -> Result<NamedCredential, TxError<ServiceRefusal>> {
    let token = find_own(work.conn, actor, id)?;
    if credentials::revoke(work.conn, &token.id, work.now, EndReason::Revoked)? {
        let event = actor.event(Action::PersonalTokenRevoked).target(&token.id);
        work.record(event.text_of(token.owner.user(), "name", Some(&token.name)));
    }
    find(work.conn, actor, id)
}

/// Refuses actors other than users: a program with a key cannot create personal tokens.
fn require_person(actor: &OrgActor) -> Result<SubjectId, ServiceRefusal> {
    let Some(id) = actor.person() else {
        return Err(ServiceRefusal::forbidden(
            "Personal tokens belong to users. Sign in instead of using an API key.",
        ));
    };
    actor.require(TOKENS_MANAGE).map(|()| SubjectId::User(id.to_owned()))
}

fn find_own(
    conn: &mut Conn,
    actor: &OrgActor,
    id: &str,
) -> Result<StaticCredential, TxError<ServiceRefusal>> {
    let owner = require_person(actor)?;
    let found = static_credentials::find(conn, &actor.organization.id, KIND, id)?;
    Ok(found.filter(|token| token.owner == owner).ok_or(NO_SUCH_TOKEN)?)
}
