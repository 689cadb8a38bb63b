//! Renaming and ending one session, or all of them.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::pages::settings::api_access::device;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{Member, Which, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, Place};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{Stop, Visit, visit};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::sessions::{self, Standing};
use crate::store::cli_sessions::{self, Named};
use crate::web::app::App;

/// `/cli-sessions/{id}/rename`
#[derive(Template)]
#[template(path = "sessions/rename.html")]
pub struct RenamePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub id: String,
    /// The name as it stands.
    pub current: String,
    /// The name as typed.
    pub name: String,
}

/// `GET /cli-sessions/{id}/rename`
pub async fn rename_page(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| rename_view(visit, &id, Problems::default(), None).await).await
}

/// `POST /cli-sessions/{id}/rename`
pub async fn rename(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = visit.form(payload, "rename").await?;
        let one = One::find(visit, &id).await?;
        let (typed, origin) = (form.get("name").unwrap_or_default().to_owned(), visit.browser.origin.clone());
        let (name, target, user_id) = (typed.clone(), id.clone(), one.member.user_id.clone());
        let renamed = visit
            .app
            .store
            .write(move |work| sessions::rename(work, &target, &user_id, &name, &origin))
            .await?;
        if renamed {
            return Ok(visit.go(&one.member.list_after("renamed")));
        }
        let problems = Problems::default().with("name", "Enter a name of at most 63 characters");
        rename_view(visit, &id, problems, Some(typed)).await
    })
    .await
}

/// Only the owner sees the name, so nobody else may change it.
async fn rename_view(
    visit: &Visit,
    id: &str,
    problems: Problems,
    typed: Option<String>,
) -> Result<HttpResponse, Stop> {
    let one = One::find(visit, id).await?;
    if one.standing != Standing::Owner {
        return Ok(visit.refuse(Refusal::NotFound));
    }
    let active = active_sessions(visit, &one.member).await?;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let current = one.named.session.name;
    let page = RenamePage {
        shell: visit.shell(),
        nav: nav(visit, &one.member, Place::CliSessions, active),
        problems,
        id: one.named.session.id,
        name: typed.unwrap_or_else(|| current.clone()),
        current,
    };
    Ok(visit.page(status, &page))
}

/// `GET /cli-sessions/{id}/end`
pub async fn end_page(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let one = One::find(visit, &id).await?;
        let active = active_sessions(visit, &one.member).await?;
        let Named { session, person, tool } = one.named;
        let login_command = visit.app.config.brand.login_command.clone();
        let (place, question) = match one.standing {
            Standing::Owner => {
                let question = Question::SignOut { id: session.id, name: session.name, tool, login_command };
                (Place::CliSessions, question)
            }
            Standing::Admin => {
                let slug = one.member.organization.slug.clone();
                let name = device(&session);
                let question = Question::SignOutOther { id: session.id, name, tool, person, slug };
                (Place::ApiAccess, question)
            }
        };
        let nav = nav(visit, &one.member, place, active);
        Ok(visit.page(StatusCode::OK, &ConfirmPage { shell: visit.shell(), nav, question }))
    })
    .await
}

/// `POST /cli-sessions/{id}/end`: one's own session, or as an admin another's.
pub async fn end(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        visit.form(payload, "confirm").await?;
        let one = One::find(visit, &id).await?;
        let (target, user_id) = (id.into_inner(), one.member.user_id.clone());
        let origin = visit.browser.origin.clone();
        let ended =
            visit.app.store.write(move |work| sessions::end(work, &target, &user_id, &origin)).await?;
        Ok(match (ended, one.standing) {
            (None, _) => visit.refuse(Refusal::NotFound),
            (Some(_), Standing::Owner) => visit.go(&one.member.list_after("signed-out")),
            (Some(_), Standing::Admin) => {
                visit.go(&format!("/o/{}/settings/api-access?done=signed-out", one.member.organization.slug))
            }
        })
    })
    .await
}

/// `GET /cli-sessions/end-all`
pub async fn end_all_page(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Asked).await?;
        let active = active_sessions(visit, &member).await?;
        let nav = nav(visit, &member, Place::CliSessions, active);
        let question = Question::SignOutEverywhere {
            slug: nav.slug.clone(),
            organization: nav.has_choice().then(|| nav.organization.clone()),
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
        visit.form(payload, "confirm").await?;
        let member = member(visit, Which::Asked).await?;
        let (org_id, user_id) = (member.organization.id.clone(), member.user_id.clone());
        let origin = visit.browser.origin.clone();
        visit.app.store.write(move |work| sessions::end_all(work, &org_id, &user_id, &origin)).await?;
        Ok(visit.go(&member.list_after("signed-out-everywhere")))
    })
    .await
}

/// A session that this person may see, with the person in its organization.
struct One {
    named: Named,
    standing: Standing,
    member: Member,
}

impl One {
    async fn find(visit: &Visit, id: &str) -> Result<Self, Stop> {
        let Some((session, _)) = visit.person() else {
            return Err(visit.go("/sign-in?because=ended").into());
        };
        let (id, user_id) = (id.to_owned(), session.user_id.clone());
        let seen = visit.app.store.read(move |conn| {
            let Some((_, standing)) = sessions::seen_by(conn, &id, &user_id)? else { return Ok(None) };
            Ok(cli_sessions::find(conn, &id)?.map(|named| (named, standing)))
        });
        let Some((named, standing)) = seen.await? else { return Err(visit.refuse(Refusal::NotFound).into()) };
        let member = member(visit, Which::Id(&named.session.org_id)).await?;
        Ok(Self { named, standing, member })
    }
}
