//! Settings > API access: the switch for personal tokens, for owners and admins.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::sessions::{Member, member, nav, own_sessions};
use super::visit::{Visit, visit};
use crate::domain::audit::Actor;
use crate::domain::role;
use crate::pages::api_access::{ApiAccessPage, Switch};
use crate::pages::confirm::{ConfirmPage, Question};
use crate::pages::nav::Place;
use crate::pages::refusal::Refusal;
use crate::services::api_access::{self, Effect};
use crate::store::StoreError;
use crate::web::app::App;

/// `GET /o/{org}/settings/api-access`
pub async fn settings(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = match manager(visit, &slug).await? {
            Ok(member) => member,
            Err(answer) => return Ok(answer),
        };
        let effect = effect(visit, &member).await?;
        let rows = own_sessions(visit, &member).await?;
        let page = ApiAccessPage {
            shell: visit.shell(),
            nav: nav(visit, &member, Place::ApiAccess, &rows),
            personal_tokens: if member.organization.personal_tokens { Switch::On } else { Switch::Off },
            sessions: count(effect.sessions),
            people: count(effect.people),
            last_change: None,
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

/// `GET /o/{org}/settings/api-access/personal-tokens/{to}`: says what it will do before anything is saved.
pub async fn confirm(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let (slug, to) = path.into_inner();
        let member = match manager(visit, &slug).await? {
            Ok(member) => member,
            Err(answer) => return Ok(answer),
        };
        let Effect { sessions, people } = effect(visit, &member).await?;
        let (sessions, people, organization) =
            (count(sessions), count(people), member.organization.name.clone());
        let question = match to.as_str() {
            "off" => Question::PersonalTokensOff { slug, organization, sessions, people },
            "on" => Question::PersonalTokensOn { slug, organization, sessions, people },
            _ => return Ok(visit.refuse(Refusal::NotFound)),
        };
        let rows = own_sessions(visit, &member).await?;
        let nav = nav(visit, &member, Place::ApiAccess, &rows);
        Ok(visit.page(StatusCode::OK, &ConfirmPage { shell: visit.shell(), nav, question }))
    })
    .await
}

/// `POST /o/{org}/settings/api-access`
pub async fn save(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = match visit.form(payload, "confirm").await {
            Ok(form) => form,
            Err(answer) => return Ok(answer),
        };
        let member = match manager(visit, &slug).await? {
            Ok(member) => member,
            Err(answer) => return Ok(answer),
        };
        let on = match form.get("personal_tokens") {
            Some("on") => true,
            Some("off") => false,
            _ => return Ok(visit.refuse(Refusal::NotFound)),
        };
        let (actor, origin) = (Actor::User(member.user_id.clone()), visit.browser.origin.clone());
        visit
            .app
            .store
            .write(move |work| {
                api_access::set_personal_tokens(work, &member.organization, on, &actor, &origin)
            })
            .await?;
        let done = if on { "personal-tokens-on" } else { "personal-tokens-off" };
        Ok(visit.go(&format!("/o/{slug}/settings/api-access?done={done}")))
    })
    .await
}

/// The person, if they manage this organization. To others it is not there; members learn whom to ask.
async fn manager(visit: &Visit, slug: &str) -> Result<Result<Member, HttpResponse>, StoreError> {
    Ok(match member(visit, Some(slug)).await? {
        Ok(member) if role::administers(&member.role) => Ok(member),
        Ok(member) => {
            Err(visit.refuse(Refusal::NotAManager { organization: member.organization.name.clone() }))
        }
        Err(answer) => Err(answer),
    })
}

async fn effect(visit: &Visit, member: &Member) -> Result<Effect, StoreError> {
    let (org_id, now) = (member.organization.id.clone(), visit.app.now());
    visit.app.store.read(move |conn| api_access::effect(conn, &org_id, now)).await
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
