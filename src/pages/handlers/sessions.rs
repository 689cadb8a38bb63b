//! CLI sessions: the list, and what a person may do to one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::TimeDelta;

use super::account::{encoded, query};
use super::visit::{Visit, visit};
use crate::domain::credential::EndReason;
use crate::domain::network;
use crate::domain::role;
use crate::domain::scope::ScopeSet;
use crate::domain::time::Time;
use crate::pages::confirm::{ConfirmPage, Question};
use crate::pages::nav::{Nav, OrganizationLink, Place};
use crate::pages::problems::Problems;
use crate::pages::refusal::{Refusal, WayOut};
use crate::pages::sessions::{
    Card, CardPermission, DeviceKind, End, Filter, LastUse, Listing, Numbers, Pager, RenamePage,
    SessionsPage, StateFilter, Usage,
};
use crate::pages::text::{self, Moment};
use crate::services::{sessions, setup};
use crate::store::credentials::{self, Credential, Tool};
use crate::store::organizations::Organization;
use crate::store::{StoreError, memberships};
use crate::web::app::App;

/// A session that ends within this time says so.
const SOON: TimeDelta = TimeDelta::days(7);
/// "Used lately" is within this time.
const LATELY: TimeDelta = TimeDelta::days(1);
/// Cards on one page.
const PAGE: usize = 50;

/// The signed-in person in one of their organizations.
pub(super) struct Member {
    pub user_id: String,
    pub organization: Organization,
    pub role: String,
    pub all: Vec<(Organization, String)>,
}

/// `GET /` and `GET /cli-sessions`
pub async fn list(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        if visit.person().is_none() && visit.app.store.read(setup::is_open).await? {
            return Ok(visit.go("/setup"));
        }
        let member = match member(visit, None).await? {
            Ok(member) => member,
            Err(answer) => return Ok(answer),
        };
        let rows = own_sessions(visit, &member).await?;
        Ok(visit.page(StatusCode::OK, &list_page(visit, &member, &rows)))
    })
    .await
}

fn list_page(visit: &Visit, member: &Member, rows: &[(Credential, Tool)]) -> SessionsPage {
    let now = visit.app.now();
    let query = query(visit);
    let filter = Filter {
        query: query.get("q").unwrap_or_default().chars().take(100).collect(),
        state: StateFilter::from_value(query.get("state").unwrap_or_default()),
    };
    let wanted = filter.query.to_lowercase();
    let matching: Vec<&(Credential, Tool)> = rows
        .iter()
        .filter(|(session, _)| shows(filter.state, session, now))
        .filter(|(session, tool)| {
            session.name.to_lowercase().contains(&wanted) || tool.0.to_lowercase().contains(&wanted)
        })
        .collect();
    let page = query.get("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).clamp(1, 10_000);
    let link = |page: usize| {
        let mut link = url::form_urlencoded::Serializer::new(format!("{}/cli-sessions?", visit.base()));
        link.append_pair("org", &member.organization.slug).append_pair("state", filter.state.value());
        link.append_pair("q", &filter.query).append_pair("page", &page.to_string());
        link.finish()
    };
    let pager = Pager {
        newer: (page > 1).then(|| link(page - 1)),
        older: (matching.len() > page * PAGE).then(|| link(page + 1)),
    };
    let cards: Vec<Card> = matching
        .into_iter()
        .skip((page - 1) * PAGE)
        .take(PAGE)
        .map(|row| card(visit, &member.organization, row, now))
        .collect();
    let listing = match (rows.is_empty(), cards.is_empty()) {
        (true, _) => Listing::NoneYet,
        (false, true) => Listing::NoneMatch,
        (false, false) => Listing::Cards(cards),
    };
    SessionsPage {
        shell: visit.shell(),
        nav: nav(visit, member, Place::CliSessions, rows),
        numbers: numbers(rows, now),
        filter,
        listing,
        pager,
        login_command: visit.app.config.brand.login_command.clone(),
    }
}

fn shows(filter: StateFilter, session: &Credential, now: Time) -> bool {
    match filter {
        StateFilter::All => true,
        StateFilter::Active => session.lives(now),
        StateFilter::Ended => session.revoked_at.is_some(),
        StateFilter::Expired => session.revoked_at.is_none() && !session.lives(now),
    }
}

fn numbers(rows: &[(Credential, Tool)], now: Time) -> Numbers {
    let living: Vec<&Credential> =
        rows.iter().map(|(session, _)| session).filter(|one| one.lives(now)).collect();
    let used_since =
        |session: &&&Credential| session.last_used_at.is_some_and(|at| now - at < TimeDelta::days(14));
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let next = living
        .iter()
        .filter_map(|session| next_end(session).map(|end| (end, session)))
        .min_by_key(|(end, _)| *end);
    Numbers {
        active: count(living.len()),
        used_in_14_days: count(living.iter().filter(used_since).count()),
        never_used: count(living.iter().filter(|session| session.generation <= 1).count()),
        next_end: next.map(|(end, session)| (text::duration(end - now), session.name.clone())),
    }
}

fn next_end(session: &Credential) -> Option<Time> {
    session.idle_ends_at.into_iter().chain(session.ends_at).min()
}

fn card(
    visit: &Visit,
    organization: &Organization,
    (session, (tool, _)): &(Credential, Tool),
    now: Time,
) -> Card {
    let scopes = ScopeSet::parse(&session.scopes).unwrap_or_default();
    let permissions = visit.app.config.catalog.entries(&scopes).filter(|scope| scope.id != "offline_access");
    let about = [session.tool_version.clone().unwrap_or_else(|| tool.clone())]
        .into_iter()
        .chain(session.device_os.as_ref().map(|os| format!("on {os}")))
        .collect::<Vec<_>>()
        .join(" ");
    let end = if session.lives(now) {
        let end = session.ends_at.unwrap_or(now);
        End::Ahead { at: Moment::day(end.utc()), idle: text::duration(visit.app.config.tokens.session_idle) }
    } else {
        let ended = session.revoked_at.or_else(|| next_end(session)).unwrap_or(now);
        End::Past { at: Moment::minute(ended.utc()) }
    };
    Card {
        id: session.id.clone(),
        name: session.name.clone(),
        about,
        kind: kind(session),
        usage: usage(session, organization, now),
        last_used: last_use(visit, session),
        asked_from: session.created_ip.clone().unwrap_or_else(|| "unknown".to_owned()),
        end,
        renewals: session.generation - 1,
        permissions: permissions
            .map(|scope| CardPermission { words: scope.label.clone(), level: scope.level })
            .collect(),
        history: history(session),
    }
}

fn kind(session: &Credential) -> DeviceKind {
    match session.device_os.as_deref() {
        Some(os) if os.starts_with("macOS") || os.starts_with("Windows") => DeviceKind::Laptop,
        Some(_) => DeviceKind::Server,
        None => DeviceKind::Unknown,
    }
}

fn usage(session: &Credential, organization: &Organization, now: Time) -> Usage {
    if session.revoked_at.is_some() {
        return Usage::SignedOut;
    }
    if !session.lives(now) {
        return Usage::Expired;
    }
    if !organization.personal_tokens {
        return Usage::Suspended;
    }
    if let Some(end) = next_end(session).filter(|end| *end - now < SOON) {
        return Usage::EndsSoon(text::duration(end - now));
    }
    match session.last_used_at {
        None => Usage::Never,
        Some(at) if now - at < LATELY => Usage::Lately(text::ago(at.utc(), now.utc())),
        Some(at) => Usage::Before(text::ago(at.utc(), now.utc())),
    }
}

fn last_use(visit: &Visit, session: &Credential) -> Option<LastUse> {
    let at = session.last_used_at?;
    let address = session.last_used_ip.clone()?;
    let same = address.parse().ok().zip(visit.address).map(|(there, here)| network::same(there, here));
    Some(LastUse { address, at: Moment::minute(at.utc()), same_network: same })
}

fn history(session: &Credential) -> String {
    let started = format!("Signed in on {}, in a browser.", text::date_time(session.created_at.utc()));
    match session.revoked_reason {
        None => started,
        Some(EndReason::SignedOut) => format!("{started} Signed out here."),
        Some(EndReason::SignedOutByTool) => format!("{started} Signed out by the tool."),
        Some(EndReason::RevokedByAdmin) => format!("{started} Ended by an admin."),
        Some(EndReason::RefreshReuse) => {
            format!(
                "{started} Ended because an old refresh token was used again: somebody may have had a copy."
            )
        }
        Some(EndReason::CodeReuse) => {
            format!("{started} Ended because its authorization code was used twice.")
        }
        Some(EndReason::ClientRemoved) => format!("{started} Ended because the tool was removed."),
    }
}

/// `GET /cli-sessions/{id}/rename`
pub async fn rename_page(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| on_one(visit, &id, Problems::default(), None, rename_view).await).await
}

/// `POST /cli-sessions/{id}/rename`
pub async fn rename(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = match visit.form(payload, "rename").await {
            Ok(form) => form,
            Err(answer) => return Ok(answer),
        };
        let Some((session, _)) = visit.person().cloned() else {
            return Ok(visit.go("/sign-in?because=ended"));
        };
        let (typed, origin) = (form.get("name").unwrap_or_default().to_owned(), visit.browser.origin.clone());
        let (name, target) = (typed.clone(), id.clone());
        let renamed = visit
            .app
            .store
            .write(move |work| sessions::rename(work, &target, &session.user_id, &name, &origin))
            .await?;
        if renamed {
            return Ok(visit.go("/cli-sessions?done=renamed"));
        }
        let problems = Problems::default().with("name", "Enter a name of at most 63 characters");
        on_one(visit, &id, problems, Some(typed), rename_view).await
    })
    .await
}

fn rename_view(visit: &Visit, one: One) -> HttpResponse {
    let status = if one.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let current = one.session.name.clone();
    let page = RenamePage {
        shell: visit.shell(),
        nav: one.nav,
        problems: one.problems,
        id: one.session.id,
        name: one.typed.unwrap_or_else(|| current.clone()),
        current,
    };
    visit.page(status, &page)
}

/// `GET /cli-sessions/{id}/end`
pub async fn end_page(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| on_one(visit, &id, Problems::default(), None, end_view).await).await
}

fn end_view(visit: &Visit, one: One) -> HttpResponse {
    let question = Question::SignOut {
        id: one.session.id,
        name: one.session.name,
        tool: one.tool,
        login_command: visit.app.config.brand.login_command.clone(),
    };
    visit.page(StatusCode::OK, &ConfirmPage { shell: visit.shell(), nav: one.nav, question })
}

/// `POST /cli-sessions/{id}/end`: one's own session, or as an admin another's.
pub async fn end(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = match visit.form(payload, "confirm").await {
            Ok(form) => form,
            Err(answer) => return Ok(answer),
        };
        let Some((session, _)) = visit.person().cloned() else {
            return Ok(visit.go("/sign-in?because=ended"));
        };
        let (target, origin) = (id.into_inner(), visit.browser.origin.clone());
        let ended = visit
            .app
            .store
            .write(move |work| sessions::end(work, &target, &session.user_id, &origin))
            .await?;
        Ok(match (ended, form.get("back")) {
            (None, _) => visit.refuse(Refusal::NotFound),
            (Some(_), Some(slug)) => {
                visit.go(&format!("/o/{}/settings/api-access?done=signed-out", slug_in_path(slug)))
            }
            (Some(_), None) => visit.go("/cli-sessions?done=signed-out"),
        })
    })
    .await
}

/// `GET /cli-sessions/end-all`
pub async fn end_all_page(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = match member(visit, None).await? {
            Ok(member) => member,
            Err(answer) => return Ok(answer),
        };
        let rows = own_sessions(visit, &member).await?;
        let nav = nav(visit, &member, Place::CliSessions, &rows);
        let question = Question::SignOutEverywhere {
            sessions: nav.active_sessions,
            login_command: visit.app.config.brand.login_command.clone(),
        };
        Ok(visit.page(StatusCode::OK, &ConfirmPage { shell: visit.shell(), nav, question }))
    })
    .await
}

/// `POST /cli-sessions/end-all`
pub async fn end_all(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit(app, request, async |visit| {
        if let Err(answer) = visit.form(payload, "confirm").await {
            return Ok(answer);
        }
        let member = match member(visit, None).await? {
            Ok(member) => member,
            Err(answer) => return Ok(answer),
        };
        let origin = visit.browser.origin.clone();
        visit
            .app
            .store
            .write(move |work| sessions::end_all(work, &member.organization.id, &member.user_id, &origin))
            .await?;
        Ok(visit.go("/cli-sessions?done=signed-out-everywhere"))
    })
    .await
}

/// One session of one's own, with what its pages need.
struct One {
    session: Credential,
    tool: String,
    nav: Nav,
    problems: Problems,
    typed: Option<String>,
}

async fn on_one(
    visit: &Visit,
    id: &str,
    problems: Problems,
    typed: Option<String>,
    view: fn(&Visit, One) -> HttpResponse,
) -> Result<HttpResponse, StoreError> {
    let member = match member(visit, None).await? {
        Ok(member) => member,
        Err(answer) => return Ok(answer),
    };
    let rows = own_sessions(visit, &member).await?;
    let nav = nav(visit, &member, Place::CliSessions, &rows);
    Ok(match rows.into_iter().find(|(session, _)| session.id == id) {
        Some((session, (tool, _))) => view(visit, One { session, tool, nav, problems, typed }),
        None => visit.refuse(Refusal::NotFound),
    })
}

/// The person and the organization that a page is about: the one in the path, else the one in the query, else the
/// first. Whoever is not signed in is sent to the sign-in page; an organization of others is not there.
pub(super) async fn member(
    visit: &Visit,
    slug: Option<&str>,
) -> Result<Result<Member, HttpResponse>, StoreError> {
    let Some((session, _)) = visit.person() else { return Ok(Err(visit.go("/sign-in"))) };
    let user_id = session.user_id.clone();
    let asked = slug.map(str::to_owned).or_else(|| query(visit).get("org").map(str::to_owned));
    let owner = user_id.clone();
    let all = visit.app.store.read(move |conn| memberships::of_user(conn, &owner)).await?;
    let found = match &asked {
        Some(slug) => all.iter().find(|(organization, _)| organization.slug == *slug),
        None => all.first(),
    };
    Ok(match found.cloned() {
        Some((organization, role)) => Ok(Member { user_id, organization, role, all }),
        None if asked.is_some() => Err(visit.refuse(Refusal::NotFound)),
        None => Err(visit.refuse(Refusal::NoOrganization { way_out: WayOut::default() })),
    })
}

pub(super) async fn own_sessions(
    visit: &Visit,
    member: &Member,
) -> Result<Vec<(Credential, Tool)>, StoreError> {
    let (org_id, user_id) = (member.organization.id.clone(), member.user_id.clone());
    visit.app.store.read(move |conn| credentials::cli_sessions(conn, &org_id, &user_id)).await
}

pub(super) fn nav(visit: &Visit, member: &Member, current: Place, rows: &[(Credential, Tool)]) -> Nav {
    let now = visit.app.now();
    let active = rows.iter().filter(|(session, _)| session.lives(now)).count();
    let link = |organization: &Organization| match current {
        Place::CliSessions => format!("{}/cli-sessions?org={}", visit.base(), organization.slug),
        Place::ApiAccess => format!("{}/o/{}/settings/api-access", visit.base(), organization.slug),
    };
    Nav {
        current,
        organization: member.organization.name.clone(),
        slug: member.organization.slug.clone(),
        organizations: member
            .all
            .iter()
            .map(|(organization, _)| OrganizationLink {
                name: organization.name.clone(),
                href: link(organization),
                current: organization.id == member.organization.id,
            })
            .collect(),
        active_sessions: i64::try_from(active).unwrap_or(i64::MAX),
        administers: role::administers(&member.role),
    }
}

/// A slug as it stands in a path; what could not be one stands for nothing.
fn slug_in_path(slug: &str) -> &str {
    let plain = slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain { slug } else { encoded("") }
}
