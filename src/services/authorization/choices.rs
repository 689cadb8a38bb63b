//! The organizations that a user can choose in the consent, and how recent their sign-in has to be.

use chrono::TimeDelta;

use crate::config::Config;
use crate::domain::client::Client;
use crate::domain::policy::{PolicyBlock, SignInMethod};
use crate::domain::scope::{Level, ScopeSet};
use crate::domain::time::Time;
use crate::services::organization_names;
use crate::store::memberships::{LISTED, OrganizationKey, UserMembership};
use crate::store::organizations::Organization;
use crate::store::web_sessions::WebSession;
use crate::store::{Conn, StoreError, memberships};

/// Maximum age of a sign-in that may grant scopes of a level above `change`.
pub(in crate::services) const MAX_AUTH_AGE: TimeDelta = TimeDelta::minutes(15);

/// An organization of the user, and the scopes that the client would get there.
#[derive(Debug, Clone)]
pub struct OrganizationChoice {
    pub organization: Organization,
    pub role: String,
    /// Requested scopes that the role includes.
    pub granted: ScopeSet,
    /// Requested scopes that the role does not include.
    pub left_out: ScopeSet,
    /// The organization policy that forbids this sign-in, if any.
    pub policy_block: Option<PolicyBlock>,
}

impl OrganizationChoice {
    /// Whether the user can approve for this organization.
    pub fn is_selectable(&self) -> bool {
        self.policy_block.is_none() && !self.granted.is_empty()
    }
}

/// Why a user can approve for none of their organizations.
#[derive(Debug, Clone, Copy)]
pub enum Obstacle<'a> {
    NoOrganization,
    /// Every organization's policy forbids this sign-in. Contains the reason of the first one.
    Closed(&'a OrganizationChoice, PolicyBlock),
    /// No role of the user includes any requested scope. Contains the first organization whose policy allows the
    /// sign-in.
    RoleTooSmall(&'a OrganizationChoice),
}

/// Why no organization is selectable; `None` if one is.
pub fn obstacle(choices: &[OrganizationChoice]) -> Option<Obstacle<'_>> {
    let Some(first) = choices.first() else { return Some(Obstacle::NoOrganization) };
    if choices.iter().any(OrganizationChoice::is_selectable) {
        return None;
    }
    let allowed = choices.iter().find(|choice| choice.policy_block.is_none());
    Some(match (allowed, first.policy_block) {
        (Some(choice), _) => Obstacle::RoleTooSmall(choice),
        (None, Some(policy_block)) => Obstacle::Closed(first, policy_block),
        (None, None) => Obstacle::RoleTooSmall(first),
    })
}

/// Client, requested scopes, sign-in method and suggested organization.
pub(in crate::services) struct ChoiceCriteria<'a> {
    pub client: &'a Client,
    pub scopes: &'a ScopeSet,
    pub org_hint: Option<&'a str>,
    pub sign_in_method: SignInMethod,
    /// When the client made the request.
    pub asked_at: Time,
}

/// Organizations to choose from.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The suggested organization first; may be empty.
    pub listed: Vec<OrganizationChoice>,
    /// Whether the user has organizations that are not listed.
    pub more: bool,
}

/// The first [`LISTED`] organizations of a user, and the suggested one.
pub(in crate::services) fn choices(
    conn: &mut Conn,
    config: &Config,
    user_id: &str,
    criteria: &ChoiceCriteria<'_>,
) -> Result<Choices, StoreError> {
    let allowed = criteria.scopes.intersection(&criteria.client.allowed_scopes(&config.catalog));
    let renamed = match criteria.org_hint {
        Some(hint) => organization_names::led_on(conn, hint, criteria.asked_at)?,
        None => None,
    };
    // A client may know the organization by a former short name.
    let hint = renamed.as_deref().or(criteria.org_hint);
    let (joined, more) = joined(conn, user_id, hint)?;
    let mut listed: Vec<OrganizationChoice> = joined
        .into_iter()
        .map(|UserMembership { organization, role, .. }| {
            let held = config.catalog.held_by(&role);
            let (granted, left_out) = (allowed.intersection(&held), allowed.difference(&held));
            let policy_block =
                organization.policy(&config.organizations).policy_block(criteria.sign_in_method);
            OrganizationChoice { organization, role, granted, left_out, policy_block }
        })
        .collect();
    let hinted = |choice: &OrganizationChoice| {
        hint == Some(&choice.organization.id) || hint == Some(&choice.organization.slug)
    };
    // The suggested organization first, then the selectable ones.
    listed.sort_by_key(|choice| (!hinted(choice), choice.policy_block.is_some()));
    Ok(Choices { listed, more })
}

fn joined(
    conn: &mut Conn,
    user_id: &str,
    hint: Option<&str>,
) -> Result<(Vec<UserMembership>, bool), StoreError> {
    // One extra row shows whether there are more.
    let limit = i64::try_from(LISTED).unwrap_or(i64::MAX).saturating_add(1);
    let mut joined = memberships::of_user(conn, user_id, None, limit)?;
    let more = joined.len() > LISTED;
    joined.truncate(LISTED);
    if let Some(hint) = hint.filter(|_| more) {
        let mut hinted = memberships::of_user_named(conn, user_id, OrganizationKey::Id(hint))?;
        if hinted.is_none() {
            hinted = memberships::of_user_named(conn, user_id, OrganizationKey::Slug(hint))?;
        }
        joined.extend(
            hinted
                .filter(|hinted| joined.iter().all(|known| known.organization.id != hinted.organization.id)),
        );
    }
    Ok((joined, more))
}

/// Whether a sign-in is too old to grant these scopes.
pub(in crate::services) fn is_stale(
    config: &Config,
    now: Time,
    scopes: &ScopeSet,
    session: &WebSession,
) -> bool {
    let age = now - session.auth_time;
    let strong = config.catalog.entries(scopes).any(|scope| scope.level >= Level::Delete);
    age > config.sign_in.reauthenticate_after || (strong && age > MAX_AUTH_AGE)
}
