//! Join links: made by an owner who allows them, used by people who have an account.

use chrono::TimeDelta;

use super::members;
use super::org_actor::OrgActor;
use super::refusal::ServiceRefusal;
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Fact, Origin};
use crate::domain::id::IdKind;
use crate::domain::invitation::{may_invite, new_token};
use crate::domain::join_link::{self, MAX_DAYS, MAX_DOMAINS, MAX_OPEN, MAX_USES, ROLES};
use crate::domain::organization::JoinLinks;
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::store::join_links::{self, JoinLink};
use crate::store::memberships::{self, Membership, OrganizationKey};
use crate::store::organizations::{self, Organization};
use crate::store::users::{self, User};
use crate::store::{Conn, RefusalReason, StoreError, TxError, Work};

/// Whether this server has join links at all.
pub fn are_possible(config: &Config) -> bool {
    match config.organizations.join_links {
        JoinLinks::Accounts => true,
        JoinLinks::Off => false,
    }
}

/// Allows join links or forbids them, which ends those that are open. `false` if nothing changed.
pub fn set_allowed(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    on: bool,
) -> Result<bool, TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    actor.require_owner_in_browser()?;
    if on && !are_possible(config) {
        return Err(impossible().into());
    }
    let organization = &actor.organization;
    if organization.join_links == on {
        return Ok(false);
    }
    organizations::set_join_links(work.conn, &organization.id, on)?;
    let action = if on { Action::JoinLinksOn } else { Action::JoinLinksOff };
    work.record(actor.event(action).target(&organization.id));
    if !on {
        for id in join_links::end_of_organization(work.conn, &organization.id, work.now)? {
            work.record(actor.event(Action::JoinLinkEnded).target(&id).detail("reason", "join_links_off"));
        }
    }
    Ok(true)
}

fn impossible() -> ServiceRefusal {
    ServiceRefusal::forbidden(
        "This server has no join links. The operator can allow them: organizations.join_links.",
    )
}

/// Fields of the form.
#[derive(Debug, Clone)]
pub struct NewLink {
    pub role: String,
    pub days: i64,
    pub uses: i64,
    /// As typed.
    pub domains: String,
}

/// A new link. Its token is not stored and cannot be shown again.
#[derive(Debug, Clone)]
pub struct IssuedLink {
    pub token: Secret,
    pub link: JoinLink,
}

/// Makes a link, for an owner in a browser.
pub fn create(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    new: &NewLink,
) -> Result<IssuedLink, TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    actor.require_owner_in_browser()?;
    if !are_possible(config) {
        return Err(impossible().into());
    }
    let organization = &actor.organization;
    if !organization.join_links {
        return Err(ServiceRefusal::forbidden("Join links are off. Turn them on first.").into());
    }
    let domains = check(config, new)?;
    let open = join_links::open(work.conn, &organization.id, work.now, MAX_OPEN)?;
    if i64::try_from(open.len()).unwrap_or(i64::MAX) >= MAX_OPEN {
        let message = format!("An organization can have {MAX_OPEN} join links. End one first.");
        return Err(ServiceRefusal::forbidden(message).into());
    }
    let created_by =
        actor.subject.user().ok_or_else(|| ServiceRefusal::forbidden("Only an owner can do this."))?;
    let token = new_token(work.entropy);
    let link = JoinLink {
        id: IdKind::JoinLink.new_id(work.entropy),
        org_id: organization.id.clone(),
        role: new.role.clone(),
        domains,
        token_hash: token.digest(),
        created_by: created_by.to_owned(),
        created_at: work.now,
        ends_at: work.now + TimeDelta::days(new.days),
        max_uses: new.uses,
        uses: 0,
    };
    join_links::insert(work.conn, &link)?;
    let event = actor.event(Action::JoinLinkCreated).target(&link.id).detail("role", Fact::role(&link.role));
    work.record(event.detail("days", new.days).detail("uses", new.uses).text_of(
        None,
        "domains",
        Some(&link.domains),
    ));
    Ok(IssuedLink { token, link })
}

/// Checks the fields, and returns the domains as they are stored.
fn check(config: &Config, new: &NewLink) -> Result<String, ServiceRefusal> {
    if config.role(&new.role).is_none() || !ROLES.contains(&new.role.as_str()) {
        return Err(ServiceRefusal::invalid("role", "A join link gives the role member or viewer."));
    }
    if !(1..=MAX_DAYS).contains(&new.days) {
        return Err(ServiceRefusal::invalid("days", format!("A join link works for 1 to {MAX_DAYS} days.")));
    }
    if !(1..=MAX_USES).contains(&new.uses) {
        return Err(ServiceRefusal::invalid(
            "uses",
            format!("A join link works for 1 to {MAX_USES} people."),
        ));
    }
    join_link::domains(&new.domains).ok_or_else(|| {
        let message = format!("Enter at most {MAX_DOMAINS} domains like example.com, separated by spaces.");
        ServiceRefusal::invalid("domains", message)
    })
}

/// The open links of an organization.
pub fn open(conn: &mut Conn, org_id: &str, now: Time) -> Result<Vec<JoinLink>, StoreError> {
    join_links::open(conn, org_id, now, MAX_OPEN)
}

/// Ends a link, for a member who manages members.
pub fn end(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    id: &str,
) -> Result<(), TxError<ServiceRefusal>> {
    let actor = actor.recheck(work, config)?;
    members::require_manages(&actor)?;
    let link = join_links::lock(work.conn, id)?.filter(|link| link.org_id == actor.organization.id);
    let link = link.ok_or(ServiceRefusal::NotFound("There is no such join link."))?;
    if !join_links::end(work.conn, &link.id, work.now)? {
        return Err(ServiceRefusal::Ended("The join link had ended.".to_owned()).into());
    }
    work.record(actor.event(Action::JoinLinkEnded).target(&link.id));
    Ok(())
}

/// A link that can be used.
#[derive(Debug, Clone)]
pub struct OpenLink {
    pub link: JoinLink,
    pub organization: Organization,
    pub creator: User,
    /// Role of the creator.
    pub creator_role: String,
}

/// Why a link was not used. Nothing was changed.
#[derive(Debug, Clone)]
pub enum JoinRefusal {
    /// No link of this server.
    Unknown,
    /// It has expired, was ended, or has no use left.
    Ended,
    AlreadyMember(Box<Organization>),
    /// The address of the user is of none of these domains.
    OtherDomain(String),
}

impl RefusalReason for JoinRefusal {}

/// What the link with this token leads to.
pub fn look(
    conn: &mut Conn,
    config: &Config,
    token: Digest,
    now: Time,
) -> Result<Result<OpenLink, JoinRefusal>, StoreError> {
    match join_links::find_by_token(conn, token)? {
        None => Ok(Err(JoinRefusal::Unknown)),
        Some(link) => Ok(standing(conn, config, link, now)?.ok_or(JoinRefusal::Ended)),
    }
}

/// `None` if a link cannot be used now.
fn standing(
    conn: &mut Conn,
    config: &Config,
    link: JoinLink,
    now: Time,
) -> Result<Option<OpenLink>, StoreError> {
    let has_role = config.role(&link.role).is_some();
    if !are_possible(config) || !has_role || now >= link.ends_at || link.uses >= link.max_uses {
        return Ok(None);
    }
    let organization = organizations::find(conn, &link.org_id)?.filter(|found| found.join_links);
    let creator = users::find(conn, &link.created_by)?;
    // `None` also if the creator or the organization is disabled.
    let creator_role = memberships::role(conn, &link.org_id, &link.created_by)?;
    let creator_role = creator_role.filter(|role| may_invite(&config.catalog, role, &link.role));
    Ok(match (organization, creator, creator_role) {
        (Some(organization), Some(creator), Some(creator_role)) => {
            Some(OpenLink { link, organization, creator, creator_role })
        }
        _ => None,
    })
}

/// Makes the user a member. Of many at once no more join than the link allows: the organization is locked, and the use is
/// counted by a condition.
pub fn join(
    work: &mut Work<'_>,
    config: &Config,
    token: Digest,
    user_id: &str,
    origin: &Origin,
) -> Result<Organization, TxError<JoinRefusal>> {
    let found = join_links::find_by_token(work.conn, token)?.ok_or(JoinRefusal::Unknown)?;
    organizations::lock(work.conn, &found.org_id)?;
    let link = join_links::lock(work.conn, &found.id)?.ok_or(JoinRefusal::Unknown)?;
    let user = users::find(work.conn, user_id)?.filter(|user| user.disabled_at.is_none());
    let user = user.ok_or(JoinRefusal::Unknown)?;
    let organization = OrganizationKey::Id(&link.org_id);
    if let Some(joined) = memberships::of_user_named(work.conn, &user.id, organization)? {
        return Err(JoinRefusal::AlreadyMember(Box::new(joined.organization)).into());
    }
    let open = standing(work.conn, config, link, work.now)?.ok_or(JoinRefusal::Ended)?;
    require_allowed(&open.link, &user)?;
    let OpenLink { link, organization, .. } = open;
    if !join_links::count_use(work.conn, &link.id, work.now)? {
        return Err(JoinRefusal::Ended.into());
    }
    let membership = Membership {
        org_id: link.org_id.clone(),
        user_id: user.id.clone(),
        role: link.role.clone(),
        created_at: work.now,
        invited_by: Some(link.created_by.clone()),
    };
    memberships::insert(work.conn, &membership)?;
    let event =
        Event::new(Action::JoinLinkUsed, Actor::User(user.id), origin).org(&link.org_id).target(&link.id);
    work.record(
        event.detail("role", Fact::role(&link.role)).detail("use", link.uses + 1).detail("of", link.max_uses),
    );
    Ok(organization)
}

/// Refuses a user whom the link does not let in. The one place that decides about the address of a user who joins.
pub fn require_allowed(link: &JoinLink, user: &User) -> Result<(), JoinRefusal> {
    if join_link::allows(&link.domains, &user.email) {
        Ok(())
    } else {
        Err(JoinRefusal::OtherDomain(link.domains.clone()))
    }
}
