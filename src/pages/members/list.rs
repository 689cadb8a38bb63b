//! `/o/{org}/members`: the members of an organization.

use actix_web::http::StatusCode;
use askama::Template;

use crate::pages::credentials::refused;
use crate::pages::shared::member::{MemberRequest, active_sessions, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::paging;
use crate::pages::shared::request::PageResult;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::pages::shared::urls::query;
use crate::services::members::{self, CountedMember, CredentialCounts};
use crate::services::org_actor::OrgActor;
use crate::store::TxError;
use crate::store::members::{Member, MemberFilter};
use crate::web::cursor;

#[derive(Template)]
#[template(path = "members/list.html")]
pub struct MembersPage {
    pub shell: Shell,
    pub nav: Nav,
    /// Number of members that match, on all pages.
    pub total: i64,
    pub filter: Filter,
    pub rows: Vec<Row>,
    /// Whether this is not the first page.
    pub continued: bool,
    /// Link to the next page.
    pub next: Option<String>,
}

/// Filters as entered.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub query: String,
    pub role: Option<String>,
    /// The configured roles.
    pub roles: Vec<String>,
}

/// A member.
#[derive(Debug, Clone)]
pub struct Row {
    pub id: String,
    pub name: String,
    pub role: String,
    /// Whether this is the signed-in user.
    pub you: bool,
    /// What owners and admins see.
    pub details: Option<Details>,
}

#[derive(Debug, Clone)]
pub struct Details {
    pub email: String,
    pub joined_at: DisplayTime,
    pub disabled: bool,
    /// "2 sessions, 1 key"
    pub credentials: String,
    /// Whether the user may change the role.
    pub may_change: bool,
    pub may_remove: bool,
}

impl MembersPage {
    fn path(&self) -> String {
        self.nav.members(&self.shell.base)
    }

    fn is_filtered(&self) -> bool {
        !self.filter.query.is_empty() || self.filter.role.is_some()
    }

    /// "214 members", or how many match.
    fn counted(&self) -> String {
        let members = text::count(self.total, "member", "members");
        if self.is_filtered() { format!("{members} found") } else { members }
    }
}

/// Members on one page.
const PAGE: usize = 50;

/// `GET /o/{org}/members`: the oldest memberships first.
pub async fn list(MemberRequest(req, member): MemberRequest) -> PageResult {
    let query = query(&req);
    let roles: Vec<String> = req.app.config.roles.iter().map(|role| role.id.clone()).collect();
    let filter = Filter {
        query: query.get("q").unwrap_or_default().trim().chars().take(100).collect(),
        role: query.get("role").filter(|role| roles.iter().any(|known| known == role)).map(str::to_owned),
        roles,
    };
    let after = query.get("cursor").and_then(cursor::read);
    let continued = after.is_some();
    let (actor, wanted, now) = (member.actor(&req), filter.clone(), req.app.now());
    let found = req.app.store.read_or_refuse(move |conn| {
        let wanted = MemberFilter { text: &wanted.query, addresses: false, role: wanted.role.as_deref() };
        members::list(conn, &actor, wanted, after.as_ref(), paging::rows_of(PAGE), now)
    });
    let mut page = TxError::settle(found.await)?.map_err(|refusal| refused::page(&req, &member, refusal))?;
    let next = paging::cut_to(PAGE, &mut page.members, |counted| {
        (counted.member.joined_at, counted.member.user_id.as_str())
    });
    let nav = nav(&req, &member, NavItem::Members, active_sessions(&req, &member).await?);
    let path = nav.members(req.base());
    let actor = member.actor(&req);
    let page = MembersPage {
        shell: req.shell(),
        total: page.total,
        rows: page.members.into_iter().map(|counted| row(&actor, counted)).collect(),
        continued,
        next: next.map(|cursor| next_page(&path, &filter, &cursor)),
        filter,
        nav,
    };
    Ok(req.page(StatusCode::OK, &page))
}

fn next_page(path: &str, filter: &Filter, cursor: &str) -> String {
    let mut link = url::form_urlencoded::Serializer::new(format!("{path}?"));
    if !filter.query.is_empty() {
        link.append_pair("q", &filter.query);
    }
    if let Some(role) = &filter.role {
        link.append_pair("role", role);
    }
    link.append_pair("cursor", cursor);
    link.finish()
}

fn row(actor: &OrgActor, CountedMember { member, credentials }: CountedMember) -> Row {
    let you = actor.subject.user() == Some(&member.user_id);
    let may_change = members::require_may_change(actor, &member).is_ok();
    let details = members::manages(actor).then(|| Details {
        email: member.email.clone(),
        joined_at: DisplayTime::day(member.joined_at.utc()),
        disabled: member.disabled_at.is_some(),
        credentials: counted(credentials),
        may_change: may_change && members::may_have_role_changed(actor, &member),
        may_remove: may_change && !you,
    });
    Row { id: member.user_id, name: text::name(&member.name), role: member.role, you, details }
}

/// "2 sessions, 1 key": the kinds of which there are some.
pub(in crate::pages) fn counted(counts: CredentialCounts) -> String {
    let CredentialCounts { sessions, personal_tokens, keys } = counts;
    let kinds = [
        (sessions, "session", "sessions"),
        (personal_tokens, "personal token", "personal tokens"),
        (keys, "key", "keys"),
    ];
    let some = kinds.into_iter().filter(|(number, ..)| *number > 0);
    some.map(|(number, one, many)| text::count(number, one, many)).collect::<Vec<_>>().join(", ")
}

/// A member that a page is about.
#[derive(Debug, Clone)]
pub struct Subject {
    pub id: String,
    pub name: String,
    pub email: String,
    pub role: String,
    pub joined_at: DisplayTime,
}

impl Subject {
    pub(in crate::pages) fn of(member: &Member) -> Self {
        Self {
            id: member.user_id.clone(),
            name: text::name(&member.name),
            email: member.email.clone(),
            role: member.role.clone(),
            joined_at: DisplayTime::day(member.joined_at.utc()),
        }
    }
}

/// Path of the list, relative to the issuer's path, with a flash message.
pub(in crate::pages) fn after(slug: &str, done: &str) -> String {
    format!("/o/{slug}/members?done={done}")
}
