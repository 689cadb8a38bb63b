//! `/organizations`: every organization of the user. The navigation names only the first.

use actix_web::http::StatusCode;
use askama::Template;

use crate::pages::sessions::list::Pager;
use crate::pages::shared::member::{OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::paging;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::pages::shared::urls::query;
use crate::services::organization_creation;
use crate::store::memberships::{self, UserMembership};
use crate::web::cursor;

#[derive(Template)]
#[template(path = "organizations/list.html")]
pub struct OrganizationsPage {
    pub shell: Shell,
    pub nav: Nav,
    /// The text that the list is searched for.
    pub query: String,
    pub organizations: Vec<Row>,
    pub pager: Pager,
    /// Whether the user may make an organization.
    pub may_create: bool,
}

/// An organization of the user.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: String,
    /// As in the paths, and as a tool is told which one to act in.
    pub slug: String,
    pub role: String,
    pub joined_at: DisplayTime,
}

/// Organizations on one page.
const PAGE: usize = 25;

/// `GET /organizations`: the oldest memberships first.
pub async fn list(req: PageRequest) -> PageResult {
    let member = member(&req, OrganizationSelector::Asked).await?;
    let asked = query(&req);
    let after = asked.get("cursor").and_then(cursor::read);
    let searched = asked.get("q").unwrap_or_default().trim().to_owned();
    let first = after.is_none();
    let (user_id, text, limit) = (member.user_id.clone(), searched.clone(), paging::rows_of(PAGE));
    let read = move |conn: &mut _| memberships::search_of_user(conn, &user_id, &text, after.as_ref(), limit);
    let mut joined = req.app.store.read(read).await?;
    let next =
        paging::cut_to(PAGE, &mut joined, |joined| (joined.created_at, joined.organization.id.as_str()));
    let nav = nav(&req, &member, NavItem::Organizations, active_sessions(&req, &member).await?);
    let mut link = url::form_urlencoded::Serializer::new(format!("{}/organizations?", req.base()));
    link.append_pair("org", &nav.slug);
    if !searched.is_empty() {
        link.append_pair("q", &searched);
    }
    let path = link.finish();
    let older = next.map(|cursor| format!("{path}&cursor={cursor}"));
    let pager = Pager { newer: (!first).then_some(path), older };
    let organizations = joined.into_iter().map(row).collect();
    let page = OrganizationsPage {
        shell: req.shell(),
        nav,
        query: searched,
        organizations,
        pager,
        may_create: organization_creation::users_may(&req.app.config),
    };
    Ok(req.page(StatusCode::OK, &page))
}

fn row(UserMembership { organization, role, created_at }: UserMembership) -> Row {
    Row {
        name: text::name(&organization.name),
        slug: organization.slug,
        role,
        joined_at: DisplayTime::day(created_at.utc()),
    }
}
