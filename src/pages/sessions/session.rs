//! Renaming and ending one session, or all of them.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::pages::settings::api_access::device;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{Member, OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageError, PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::sessions::{self, SessionAccess};
use crate::store::cli_sessions::{self, NamedSession};

/// `/cli-sessions/{id}/rename`
#[derive(Template)]
#[template(path = "sessions/rename.html")]
pub struct RenamePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub id: String,
    /// Current name.
    pub current: String,
    /// Name as entered.
    pub name: String,
}

/// `GET /cli-sessions/{id}/rename`
pub async fn rename_page(req: PageRequest, id: web::Path<String>) -> PageResult {
    rename_view(&req, &id, Problems::default(), None).await
}

/// `POST /cli-sessions/{id}/rename`
pub async fn rename(req: PageRequest, id: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "rename").await?;
    let one = VisibleSession::find(&req, &id).await?;
    let (typed, origin) = (form.get("name").unwrap_or_default().to_owned(), req.browser.origin.clone());
    let (name, target, user_id) = (typed.clone(), id.clone(), one.member.user_id.clone());
    let renamed =
        req.app.store.write(move |work| sessions::rename(work, &target, &user_id, &name, &origin)).await?;
    if renamed {
        return Ok(req.redirect(&one.member.list_after("renamed")));
    }
    let problems = Problems::default().with("name", "Enter a name of at most 63 characters");
    rename_view(&req, &id, problems, Some(typed)).await
}

/// Only for the owner, because only the owner sees the name.
async fn rename_view(req: &PageRequest, id: &str, problems: Problems, typed: Option<String>) -> PageResult {
    let one = VisibleSession::find(req, id).await?;
    if one.access != SessionAccess::Owner {
        return Ok(req.refuse(Refusal::NotFound));
    }
    let active = active_sessions(req, &one.member).await?;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let current = one.named.session.name;
    let page = RenamePage {
        shell: req.shell(),
        nav: nav(req, &one.member, NavItem::CliSessions, active),
        problems,
        id: one.named.session.id,
        name: typed.unwrap_or_else(|| current.clone()),
        current,
    };
    Ok(req.page(status, &page))
}

/// `GET /cli-sessions/{id}/end`
pub async fn end_page(req: PageRequest, id: web::Path<String>) -> PageResult {
    let one = VisibleSession::find(&req, &id).await?;
    let active = active_sessions(&req, &one.member).await?;
    let NamedSession { session, person, tool } = one.named;
    let login_command = req.app.config.brand.login_command.clone();
    let (place, question) = match one.access {
        SessionAccess::Owner => {
            let question = Question::SignOut { id: session.id, name: session.name, tool, login_command };
            (NavItem::CliSessions, question)
        }
        SessionAccess::Admin => {
            let slug = one.member.organization.slug.clone();
            let name = device(&session);
            let question = Question::SignOutOther { id: session.id, name, tool, person, slug };
            (NavItem::ApiAccess, question)
        }
    };
    let nav = nav(&req, &one.member, place, active);
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /cli-sessions/{id}/end`: the user's own session or, for admins, any session.
pub async fn end(req: PageRequest, id: web::Path<String>, payload: web::Payload) -> PageResult {
    req.form(payload, "confirm").await?;
    let one = VisibleSession::find(&req, &id).await?;
    let (target, user_id) = (id.into_inner(), one.member.user_id.clone());
    let origin = req.browser.origin.clone();
    let ended = req.app.store.write(move |work| sessions::end(work, &target, &user_id, &origin)).await?;
    Ok(match (ended, one.access) {
        (None, _) => req.refuse(Refusal::NotFound),
        (Some(_), SessionAccess::Owner) => req.redirect(&one.member.list_after("signed-out")),
        (Some(_), SessionAccess::Admin) => {
            req.redirect(&format!("/o/{}/settings/api-access?done=signed-out", one.member.organization.slug))
        }
    })
}

/// `GET /cli-sessions/end-all`
pub async fn end_all_page(req: PageRequest) -> PageResult {
    let member = member(&req, OrganizationSelector::Asked).await?;
    let active = active_sessions(&req, &member).await?;
    let nav = nav(&req, &member, NavItem::CliSessions, active);
    let question = Question::SignOutEverywhere {
        slug: nav.slug.clone(),
        organization: nav.has_choice().then(|| nav.organization.clone()),
        sessions: nav.active_sessions,
        login_command: req.app.config.brand.login_command.clone(),
    };
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /cli-sessions/end-all`
pub async fn end_all(req: PageRequest, payload: web::Payload) -> PageResult {
    req.form(payload, "confirm").await?;
    let member = member(&req, OrganizationSelector::Asked).await?;
    let (org_id, user_id) = (member.organization.id.clone(), member.user_id.clone());
    let origin = req.browser.origin.clone();
    req.app.store.write(move |work| sessions::end_all(work, &org_id, &user_id, &origin)).await?;
    Ok(req.redirect(&member.list_after("signed-out-everywhere")))
}

/// A session that the user may see, with the user's membership.
struct VisibleSession {
    named: NamedSession,
    access: SessionAccess,
    member: Member,
}

impl VisibleSession {
    async fn find(req: &PageRequest, id: &str) -> Result<Self, PageError> {
        let Some((session, _)) = req.person() else {
            return Err(req.redirect("/sign-in?because=ended").into());
        };
        let (id, user_id) = (id.to_owned(), session.user_id.clone());
        let seen = req.app.store.read(move |conn| {
            let Some((_, access)) = sessions::find_with_access(conn, &id, &user_id)? else {
                return Ok(None);
            };
            Ok(cli_sessions::find(conn, &id)?.map(|named| (named, access)))
        });
        let Some((named, access)) = seen.await? else { return Err(req.refuse(Refusal::NotFound).into()) };
        let member = member(req, OrganizationSelector::Id(&named.session.org_id)).await?;
        Ok(Self { named, access, member })
    }
}
