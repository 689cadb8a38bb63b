//! The authenticated subject behind a change: identity, organization, scopes and origin.

use super::auth_error::AuthError;
use super::authenticate::{self, Principal};
use super::bounds::Bounds;
use super::refusal::{ForbiddenCode, ServiceRefusal};
use crate::config::Config;
use crate::domain::audit::{Action, Event, Origin};
use crate::domain::credential::CredentialKind;
use crate::domain::role::{self, OWNER};
use crate::domain::scope::{Catalog, ScopeSet};
use crate::domain::subject::SubjectId;
use crate::store::organizations::{self, Organization};
use crate::store::{TxError, Work, memberships, service_accounts};

/// A user or service account that acts in an organization.
#[derive(Debug, Clone)]
pub struct OrgActor {
    pub subject: SubjectId,
    pub organization: Organization,
    pub role: String,
    /// Effective scopes, and so the most that they may grant.
    pub scopes: ScopeSet,
    pub auth_method: AuthMethod,
    /// Limits on what a program may grant; known once rechecked.
    pub bounds: Bounds,
    pub origin: Origin,
}

/// How the actor authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthMethod {
    /// A signed-in browser.
    Browser,
    Credential {
        id: String,
        kind: CredentialKind,
    },
}

impl OrgActor {
    /// An actor with a credential, which bounds what they may do.
    pub fn with_credential(principal: &Principal, origin: Origin) -> Self {
        Self {
            subject: principal.subject.id(),
            organization: principal.organization.clone(),
            role: principal.role.clone(),
            scopes: principal.scopes.clone(),
            auth_method: AuthMethod::Credential {
                id: principal.credential.id.clone(),
                kind: principal.credential.kind,
            },
            bounds: Bounds::default(),
            origin,
        }
    }

    /// A user in a signed-in browser, with all scopes of the role.
    pub fn in_browser(
        user_id: &str,
        organization: Organization,
        role: String,
        catalog: &Catalog,
        origin: Origin,
    ) -> Self {
        let scopes = catalog.held_by(&role);
        let subject = SubjectId::User(user_id.to_owned());
        let bounds = Bounds::default();
        Self { subject, organization, role, scopes, auth_method: AuthMethod::Browser, bounds, origin }
    }

    /// Rechecks the actor inside the transaction of the change and locks the organization's policy until it
    /// ends: the credential was checked earlier, and a slow client decides how much earlier.
    pub fn recheck(&self, work: &mut Work<'_>, config: &Config) -> Result<Self, TxError<ServiceRefusal>> {
        const GONE: ServiceRefusal = ServiceRefusal::Credential(AuthError::Revoked);
        let org_id = &self.organization.id;
        let organization = organizations::lock(work.conn, org_id)?;
        let role = match &self.subject {
            SubjectId::User(id) => memberships::role(work.conn, org_id, id)?,
            SubjectId::ServiceAccount(id) => {
                service_accounts::active_account(work.conn, id)?.map(|(_, account)| account.role)
            }
        };
        let (Some(organization), Some(role)) = (organization, role) else { return Err(GONE.into()) };
        let scopes = self.scopes.intersection(&config.catalog.held_by(&role));
        let confirmed = Self { organization, role, scopes, ..self.clone() };
        let AuthMethod::Credential { id, kind } = &self.auth_method else { return Ok(confirmed) };
        let (organization, role) = (&confirmed.organization, &confirmed.role);
        let left = authenticate::recheck(work.conn, config, organization, role, (*kind, id), work.now)?;
        let scopes = confirmed.scopes.intersection(&left.scopes);
        Ok(Self { scopes, bounds: left.bounds, ..confirmed })
    }

    /// Like [`OrgActor::recheck`]; also refuses an actor that no longer has this scope.
    pub fn recheck_with(
        &self,
        work: &mut Work<'_>,
        config: &Config,
        scope: &str,
    ) -> Result<Self, TxError<ServiceRefusal>> {
        let actor = self.recheck(work, config)?;
        actor.require(scope)?;
        Ok(actor)
    }

    /// Refuses actors without this scope.
    pub fn require(&self, scope: &str) -> Result<(), ServiceRefusal> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        Err(ServiceRefusal::MissingScopes(std::iter::once(scope.to_owned()).collect()))
    }

    /// Refuses every actor but an owner in a browser: a stolen credential cannot take the organization.
    pub fn require_owner_in_browser(&self) -> Result<(), ServiceRefusal> {
        match &self.auth_method {
            AuthMethod::Browser if self.role == OWNER => Ok(()),
            AuthMethod::Browser => Err(ServiceRefusal::forbidden("Only an owner can do this.")),
            AuthMethod::Credential { .. } => Err(ServiceRefusal::Forbidden {
                code: ForbiddenCode::NeedsPerson,
                message: "Only an owner can do this, signed in to a browser.".to_owned(),
            }),
        }
    }

    /// Refuses to grant scopes that the actor does not have.
    pub fn require_may_grant(&self, scopes: &ScopeSet) -> Result<(), ServiceRefusal> {
        let missing = scopes.difference(&self.scopes);
        if missing.is_empty() { Ok(()) } else { Err(ServiceRefusal::MissingScopes(missing)) }
    }

    /// Refuses to act on a subject whose role has scopes that the actor lacks.
    pub fn require_not_outranked(&self, catalog: &Catalog, role: &str) -> Result<(), ServiceRefusal> {
        let holds_more = !catalog.held_by(role).is_subset(&catalog.held_by(&self.role));
        let ranks_higher =
            (role == OWNER && self.role != OWNER) || (role::administers(role) && !self.administers());
        if holds_more || ranks_higher {
            return Err(ServiceRefusal::forbidden(format!(
                "The role {role} can do more than yours, {}.",
                self.role
            )));
        }
        Ok(())
    }

    pub fn administers(&self) -> bool {
        role::administers(&self.role)
    }

    /// The owner whose credentials the actor may see; `None` for all.
    pub fn visible_owner(&self) -> Option<&SubjectId> {
        if self.administers() { None } else { Some(&self.subject) }
    }

    /// The user id, if this is a signed-in user and not a program.
    pub fn person(&self) -> Option<&str> {
        let in_person = match &self.auth_method {
            AuthMethod::Browser => true,
            AuthMethod::Credential { kind, .. } => kind.is_personal(),
        };
        match &self.subject {
            SubjectId::User(id) if in_person => Some(id),
            SubjectId::User(_) | SubjectId::ServiceAccount(_) => None,
        }
    }

    /// Whether the actor authenticated with this credential.
    pub fn acts_with(&self, credential_id: &str) -> bool {
        match &self.auth_method {
            AuthMethod::Browser => false,
            AuthMethod::Credential { id, .. } => id == credential_id,
        }
    }

    /// An audit event with this actor and credential.
    pub fn event(&self, action: Action) -> Event {
        let event = Event::new(action, self.subject.clone().into(), &self.origin).org(&self.organization.id);
        match &self.auth_method {
            AuthMethod::Browser => event,
            AuthMethod::Credential { id, .. } => event.credential(id),
        }
    }
}
