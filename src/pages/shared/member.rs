//! The signed-in user in one of their organizations.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::domain::management::{KEYS_MANAGE, KEYS_READ};
use crate::domain::role::{self, OWNER};
use crate::pages::shared::nav::{Nav, NavItem, OrganizationLink};
use crate::pages::shared::paging;
use crate::pages::shared::refusal::{Refusal, RefusalActions};
use crate::pages::shared::request::{PageError, PageRequest};
use crate::pages::shared::text;
use crate::pages::shared::urls::query;
use crate::services::org_actor::OrgActor;
use crate::services::organization_creation;
use crate::services::organization_names;
use crate::store::memberships::{LISTED, OrganizationKey, UserMembership};
use crate::store::organizations::Organization;
use crate::store::own_sessions::{self, SessionOwner};
use crate::store::{Conn, StoreError, memberships};

pub struct Member {
    pub user_id: String,
    pub organization: Organization,
    pub role: String,
    /// The first organizations of the user, and this one.
    pub listed: Vec<Organization>,
    /// Whether there are more.
    pub more: bool,
}

/// Selects the organization of a page.
pub(in crate::pages) enum OrganizationSelector<'a> {
    /// By the slug in the path.
    Slug(&'a str),
    Id(&'a str),
    /// By the query, otherwise the user's first organization.
    Asked,
}

/// A request of a member of the organization that the path names.
pub struct MemberRequest(pub PageRequest, pub Member);

/// A request of an owner of the organization that the path names, for a page that shows what owners may do.
pub struct OwnerRequest(pub PageRequest, pub Member);

/// A request of an owner or admin of the organization that the path names.
pub struct ManagerRequest(pub PageRequest, pub Member);

impl FromRequest for MemberRequest {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let slug = request.match_info().query("org").to_owned();
        let page = PageRequest::from_request(request, payload);
        Box::pin(async move {
            let req = page.await?;
            let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
            Ok(Self(req, member))
        })
    }
}

impl FromRequest for ManagerRequest {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let narrowed = narrowed(request, payload, managing);
        Box::pin(async move { narrowed.await.map(|(req, member)| Self(req, member)) })
    }
}

impl FromRequest for OwnerRequest {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let narrowed = narrowed(request, payload, owning);
        Box::pin(async move { narrowed.await.map(|(req, member)| Self(req, member)) })
    }
}

/// The request of a member whom `narrow` lets through.
fn narrowed(
    request: &HttpRequest,
    payload: &mut Payload,
    narrow: fn(&PageRequest, Member) -> Result<Member, PageError>,
) -> impl Future<Output = Result<(PageRequest, Member), PageError>> + use<> {
    let member = MemberRequest::from_request(request, payload);
    async move {
        let MemberRequest(req, member) = member.await?;
        let member = narrow(&req, member)?;
        Ok((req, member))
    }
}

/// The user as a member. Without a session redirects to the sign-in page; not a member is a 404.
pub(in crate::pages) async fn member(
    req: &PageRequest,
    which: OrganizationSelector<'_>,
) -> Result<Member, PageError> {
    let Some((session, _)) = req.person() else { return Err(req.redirect("/sign-in").into()) };
    let user_id = session.user_id.clone();
    let asked = query(req).get("org").map(str::to_owned);
    let named = match which {
        OrganizationSelector::Slug(slug) => Some(OrganizationKey::Slug(slug)),
        OrganizationSelector::Id(id) => Some(OrganizationKey::Id(id)),
        OrganizationSelector::Asked => asked.as_deref().map(OrganizationKey::Slug),
    };
    let (owner, limit) = (user_id.clone(), paging::rows_of(LISTED));
    let mut joined = req.app.store.read(move |conn| memberships::of_user(conn, &owner, None, limit)).await?;
    let more = joined.len() > LISTED;
    joined.truncate(LISTED);
    let known = match named {
        None => joined.first(),
        Some(OrganizationKey::Id(id)) => joined.iter().find(|joined| joined.organization.id == id),
        Some(OrganizationKey::Slug(slug)) => joined.iter().find(|joined| joined.organization.slug == slug),
    };
    let mut found = known.cloned();
    if let Some(named) = named.filter(|_| found.is_none() && more) {
        found = beyond(req, &user_id, named).await?;
        joined.extend(found.clone());
    }
    if let Some(OrganizationKey::Slug(slug)) = named.filter(|_| found.is_none()) {
        found = of_former_name(req, &user_id, slug).await?;
        let current = found.as_ref().map(|renamed| renamed.organization.slug.as_str());
        if let Some(path) = current.and_then(|current| renamed_path(req, slug, current)) {
            return Err(req.lead_on(&path).into());
        }
    }
    let listed = joined.into_iter().map(|joined| joined.organization).collect();
    match found {
        Some(UserMembership { organization, role, .. }) => {
            Ok(Member { user_id, organization, role, listed, more })
        }
        None if named.is_some() => Err(req.refuse(Refusal::NotFound).into()),
        None => Err(req
            .refuse(Refusal::NoOrganization {
                may_create: organization_creation::users_may(&req.app.config),
                way_out: RefusalActions::default(),
            })
            .into()),
    }
}

/// An organization of the user that is not among the first.
async fn beyond(
    req: &PageRequest,
    user_id: &str,
    named: OrganizationKey<'_>,
) -> Result<Option<UserMembership>, StoreError> {
    let user_id = user_id.to_owned();
    let (OrganizationKey::Id(name) | OrganizationKey::Slug(name)) = named;
    let (name, is_id) = (name.to_owned(), matches!(named, OrganizationKey::Id(_)));
    let read = move |conn: &mut Conn| {
        let named = if is_id { OrganizationKey::Id(&name) } else { OrganizationKey::Slug(&name) };
        memberships::of_user_named(conn, &user_id, named)
    };
    req.app.store.read(read).await
}

/// The organization of the user that had this short name before.
async fn of_former_name(
    req: &PageRequest,
    user_id: &str,
    slug: &str,
) -> Result<Option<UserMembership>, StoreError> {
    let (user_id, slug, now) = (user_id.to_owned(), slug.to_owned(), req.app.now());
    let read = move |conn: &mut Conn| match organization_names::led_on(conn, &slug, now)? {
        Some(id) => memberships::of_user_named(conn, &user_id, OrganizationKey::Id(&id)),
        None => Ok(None),
    };
    req.app.store.read(read).await
}

/// The path and query of this request with the current short name in place of a former one; `None` if the path does not
/// name the organization.
fn renamed_path(req: &PageRequest, former: &str, current: &str) -> Option<String> {
    let path = req.http.uri().path_and_query()?.as_str();
    let rest = path.strip_prefix(req.base())?.strip_prefix("/o/")?.strip_prefix(former)?;
    rest.starts_with(['/', '?']).then(|| format!("/o/{current}{rest}"))
}

impl Member {
    /// The actor, with all scopes of the role.
    pub(in crate::pages) fn actor(&self, req: &PageRequest) -> OrgActor {
        OrgActor::in_browser(
            &self.user_id,
            self.organization.clone(),
            self.role.clone(),
            &req.app.config.catalog,
            req.browser.origin.clone(),
        )
    }

    /// Whether the user's role includes this scope.
    pub(in crate::pages) fn holds(&self, req: &PageRequest, scope: &str) -> bool {
        req.app.config.catalog.held_by(&self.role).contains(scope)
    }

    /// Path of the session list, with a flash message.
    pub(in crate::pages) fn list_after(&self, done: &str) -> String {
        match self.listed.as_slice() {
            [_] => format!("/cli-sessions?done={done}"),
            _ => format!("/cli-sessions?org={}&done={done}", self.organization.slug),
        }
    }
}

/// The user, if they are an owner of this organization, for an act that only owners do. All of these acts come through
/// here, so that what they have in common is asked for in one place.
pub(in crate::pages) async fn owners_act(req: &PageRequest, slug: &str) -> Result<Member, PageError> {
    owning(req, member(req, OrganizationSelector::Slug(slug)).await?)
}

fn owning(req: &PageRequest, member: Member) -> Result<Member, PageError> {
    if member.role != OWNER {
        let organization = member.organization.name;
        return Err(req.refuse(Refusal::NotAnOwner { organization }).into());
    }
    Ok(member)
}

/// The user, if they manage this organization. A 404 for others; members are told whom to ask.
pub(in crate::pages) async fn manager(req: &PageRequest, slug: &str) -> Result<Member, PageError> {
    managing(req, member(req, OrganizationSelector::Slug(slug)).await?)
}

fn managing(req: &PageRequest, member: Member) -> Result<Member, PageError> {
    if !role::administers(&member.role) {
        let organization = member.organization.name;
        return Err(req.refuse(Refusal::NotAManager { organization }).into());
    }
    Ok(member)
}

/// Number of the user's active CLI sessions, for the navigation.
pub(in crate::pages) async fn active_sessions(req: &PageRequest, member: &Member) -> Result<i64, StoreError> {
    let (org_id, user_id) = (member.organization.id.clone(), member.user_id.clone());
    let now = req.app.now();
    let count = move |conn: &mut Conn| {
        own_sessions::count_active(conn, SessionOwner { org_id: &org_id, user_id: &user_id }, now)
    };
    req.app.store.read(count).await
}

pub(in crate::pages) fn nav(
    req: &PageRequest,
    member: &Member,
    current: NavItem,
    active_sessions: i64,
) -> Nav {
    let link = |organization: &Organization| match current {
        NavItem::CliSessions | NavItem::Organizations => {
            format!("{}/cli-sessions?org={}", req.base(), organization.slug)
        }
        NavItem::PersonalTokens => format!("{}/tokens?org={}", req.base(), organization.slug),
        NavItem::Security => format!("{}/security?org={}", req.base(), organization.slug),
        NavItem::ApiKeys => format!("{}/o/{}/keys", req.base(), organization.slug),
        // Not every user is an owner of another organization as well.
        NavItem::Members | NavItem::General => format!("{}/o/{}/members", req.base(), organization.slug),
        NavItem::ServiceAccounts => format!("{}/o/{}/service-accounts", req.base(), organization.slug),
        NavItem::Invitations => format!("{}/o/{}/invitations", req.base(), organization.slug),
        NavItem::ApiAccess => format!("{}/o/{}/settings/api-access", req.base(), organization.slug),
        NavItem::AuditLog => format!("{}/o/{}/audit", req.base(), organization.slug),
        NavItem::Usage => format!("{}/o/{}/usage", req.base(), organization.slug),
    };
    Nav {
        current,
        organization: text::name(&member.organization.name),
        slug: member.organization.slug.clone(),
        organizations: shown(member)
            .into_iter()
            .map(|organization| OrganizationLink {
                name: text::name(&organization.name),
                href: link(organization),
                current: organization.id == member.organization.id,
            })
            .collect(),
        active_sessions,
        sees_keys: member.holds(req, KEYS_MANAGE) || member.holds(req, KEYS_READ),
        administers: role::administers(&member.role),
        owns: member.role == OWNER,
    }
}

/// Organizations in the chooser of the navigation.
const SHOWN: usize = 8;

/// The organization of the page and the first others.
fn shown(member: &Member) -> Vec<&Organization> {
    let is_current = |organization: &&Organization| organization.id == member.organization.id;
    let mut shown: Vec<&Organization> = member.listed.iter().take(SHOWN).collect();
    if !shown.iter().any(is_current) {
        shown.truncate(SHOWN - 1);
        shown.insert(0, &member.organization);
    }
    shown
}
