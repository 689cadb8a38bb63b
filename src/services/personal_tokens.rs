//! Personal tokens: static secrets that people make for programs of their own. Each sees and ends only their own.

use super::acting::Acting;
use super::api_keys::{Created, Draft, record};
use super::credential_names::{self, Named};
use super::field_validation;
use super::refusal::{ForbiddenCode, Refusal};
use crate::config::Config;
use crate::domain::audit::Action;
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::granted::Granted;
use crate::domain::management::TOKENS_MANAGE;
use crate::domain::static_secret::StaticKind;
use crate::domain::subject::SubjectId;
use crate::domain::time::Time;
use crate::store::static_credentials::{self, Part, StaticCredential};
use crate::store::{Conn, TxError, Work, credentials};

/// A token to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<String>,
    pub ends_at: Option<Time>,
}

const NO_SUCH_TOKEN: Refusal = Refusal::NotFound("There is no such personal token.");
const KIND: CredentialKind = CredentialKind::PersonalToken;

/// Makes a token for the person who asks. Its secret is in the answer and nowhere else.
pub fn create(
    work: &mut Work<'_>,
    config: &Config,
    acting: &Acting,
    new: &NewToken,
) -> Result<Created, TxError<Refusal>> {
    let acting = acting.confirm(work, config)?;
    let owner = person(&acting)?;
    let organization = &acting.organization;
    let policy = organization.token_policy(&config.organizations);
    if !policy.on {
        let message = format!(
            "{} does not allow personal tokens. An owner or admin can turn them on.",
            organization.name
        );
        return Err(Refusal::Forbidden { code: ForbiddenCode::PersonalTokensOff, message }.into());
    }
    if !policy.creators.include(&acting.role) {
        let message = format!("{} allows personal tokens to its owners and admins alone.", organization.name);
        return Err(Refusal::forbidden(message).into());
    }
    let name = field_validation::name(&new.name)?;
    let scopes = field_validation::scopes(&config.catalog, &new.scopes)?;
    acting.may_hand_on(&scopes)?;
    let ends_at =
        field_validation::end("personal tokens", &organization.name, policy.lifetime, work.now, new.ends_at)?;
    acting.bounds.allow(StaticKind::PersonalToken, ends_at, None)?;
    let draft = Draft {
        kind: StaticKind::PersonalToken,
        owner,
        name,
        granted: Granted::Scopes(scopes),
        ends_at,
        allowed_addresses: None,
    };
    let created = draft.make(work, config, &acting)?;
    record(work, &acting, Action::PersonalTokenCreated, &created.named.credential);
    Ok(created)
}

/// A part of the person's tokens.
pub fn list(conn: &mut Conn, acting: &Acting, part: Part<'_>) -> Result<Vec<Named>, TxError<Refusal>> {
    let owner = person(acting)?;
    let page = static_credentials::page(conn, &acting.organization.id, KIND, Some(&owner), part)?;
    Ok(credential_names::all(conn, page)?)
}

pub fn find(conn: &mut Conn, acting: &Acting, id: &str) -> Result<Named, TxError<Refusal>> {
    let token = own(conn, acting, id)?;
    Ok(credential_names::one(conn, token)?)
}

/// Ends a token for good, at once. Ending it twice is fine.
pub fn revoke(work: &mut Work<'_>, acting: &Acting, id: &str) -> Result<Named, TxError<Refusal>> {
    let token = own(work.conn, acting, id)?;
    if credentials::revoke(work.conn, &token.id, work.now, EndReason::Revoked)? {
        let event = acting.event(Action::PersonalTokenRevoked).target(&token.id);
        work.record(event.detail("name", token.name.clone()));
    }
    find(work.conn, acting, id)
}

/// Personal tokens are made by people, not by programs that act for them with a key.
fn person(acting: &Acting) -> Result<SubjectId, Refusal> {
    let Some(id) = acting.person() else {
        return Err(Refusal::forbidden("An API key has no personal tokens. Sign in as a person."));
    };
    acting.require(TOKENS_MANAGE).map(|()| SubjectId::User(id.to_owned()))
}

fn own(conn: &mut Conn, acting: &Acting, id: &str) -> Result<StaticCredential, TxError<Refusal>> {
    let owner = person(acting)?;
    let found = static_credentials::find(conn, &acting.organization.id, KIND, id)?;
    Ok(found.filter(|token| token.owner == owner).ok_or(NO_SUCH_TOKEN)?)
}
