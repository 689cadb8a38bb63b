//! The signed-in person in one of their organizations.

use crate::domain::management::{KEYS_MANAGE, KEYS_READ};
use crate::domain::role;
use crate::pages::shared::nav::{Nav, OrganizationLink, Place};
use crate::pages::shared::refusal::{Refusal, WayOut};
use crate::pages::shared::request::{Stop, Visit};
use crate::pages::shared::text;
use crate::pages::shared::urls::query;
use crate::services::acting::Acting;
use crate::store::organizations::Organization;
use crate::store::own_sessions::{self, Whose};
use crate::store::{Conn, StoreError, memberships};

pub(in crate::pages) struct Member {
    pub user_id: String,
    pub organization: Organization,
    pub role: String,
    pub all: Vec<(Organization, String)>,
}

/// The organization that a page is about.
pub(in crate::pages) enum Which<'a> {
    /// By its name in the path.
    Slug(&'a str),
    Id(&'a str),
    /// By the query, else the person's first.
    Asked,
}

/// The person as a member. Whoever is not signed in is sent to the sign-in page; an organization of others is not
/// there.
pub(in crate::pages) async fn member(visit: &Visit, which: Which<'_>) -> Result<Member, Stop> {
    let Some((session, _)) = visit.person() else { return Err(visit.go("/sign-in").into()) };
    let user_id = session.user_id.clone();
    let owner = user_id.clone();
    let all = visit.app.store.read(move |conn| memberships::of_user(conn, &owner)).await?;
    let query = query(visit);
    let by_slug = |slug: &str| all.iter().find(|(organization, _)| organization.slug == slug);
    let (named, found) = match which {
        Which::Slug(slug) => (true, by_slug(slug)),
        Which::Id(id) => (true, all.iter().find(|(organization, _)| organization.id == id)),
        Which::Asked => match query.get("org") {
            Some(slug) => (true, by_slug(slug)),
            None => (false, all.first()),
        },
    };
    match found.cloned() {
        Some((organization, role)) => Ok(Member { user_id, organization, role, all }),
        None if named => Err(visit.refuse(Refusal::NotFound).into()),
        None => Err(visit.refuse(Refusal::NoOrganization { way_out: WayOut::default() }).into()),
    }
}

impl Member {
    /// The person, able to do whatever the role holds.
    pub(in crate::pages) fn acting(&self, visit: &Visit) -> Acting {
        Acting::in_browser(
            &self.user_id,
            self.organization.clone(),
            self.role.clone(),
            &visit.app.config.catalog,
            visit.browser.origin.clone(),
        )
    }

    /// Whether the role of the person holds this scope.
    pub(in crate::pages) fn holds(&self, visit: &Visit, scope: &str) -> bool {
        visit.app.config.catalog.held_by(&self.role).contains(scope)
    }

    /// The list of the person's sessions here, with one line about what was just done.
    pub(in crate::pages) fn list_after(&self, done: &str) -> String {
        match self.all.as_slice() {
            [_] => format!("/cli-sessions?done={done}"),
            _ => format!("/cli-sessions?org={}&done={done}", self.organization.slug),
        }
    }
}

/// The person, if they manage this organization. To others it is not there; members learn whom to ask.
pub(in crate::pages) async fn manager(visit: &Visit, slug: &str) -> Result<Member, Stop> {
    let member = member(visit, Which::Slug(slug)).await?;
    if !role::administers(&member.role) {
        let organization = member.organization.name;
        return Err(visit.refuse(Refusal::NotAManager { organization }).into());
    }
    Ok(member)
}

/// How many CLI sessions of the person live here, for the navigation.
pub(in crate::pages) async fn active_sessions(visit: &Visit, member: &Member) -> Result<i64, StoreError> {
    let (org_id, user_id) = (member.organization.id.clone(), member.user_id.clone());
    let now = visit.app.now();
    let count = move |conn: &mut Conn| {
        own_sessions::count_living(conn, Whose { org_id: &org_id, user_id: &user_id }, now)
    };
    visit.app.store.read(count).await
}

pub(in crate::pages) fn nav(visit: &Visit, member: &Member, current: Place, active_sessions: i64) -> Nav {
    let link = |organization: &Organization| match current {
        Place::CliSessions => format!("{}/cli-sessions?org={}", visit.base(), organization.slug),
        Place::PersonalTokens => format!("{}/tokens?org={}", visit.base(), organization.slug),
        Place::ApiKeys => format!("{}/o/{}/keys", visit.base(), organization.slug),
        Place::ServiceAccounts => format!("{}/o/{}/service-accounts", visit.base(), organization.slug),
        Place::ApiAccess => format!("{}/o/{}/settings/api-access", visit.base(), organization.slug),
        Place::AuditLog => format!("{}/o/{}/audit", visit.base(), organization.slug),
        Place::Usage => format!("{}/o/{}/usage", visit.base(), organization.slug),
    };
    Nav {
        current,
        organization: text::name(&member.organization.name),
        slug: member.organization.slug.clone(),
        organizations: member
            .all
            .iter()
            .map(|(organization, _)| OrganizationLink {
                name: text::name(&organization.name),
                href: link(organization),
                current: organization.id == member.organization.id,
            })
            .collect(),
        active_sessions,
        sees_keys: member.holds(visit, KEYS_MANAGE) || member.holds(visit, KEYS_READ),
        administers: role::administers(&member.role),
    }
}
