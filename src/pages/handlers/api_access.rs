//! Settings > API access: the switch for personal tokens, for owners and admins.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::account::query;
use super::credential_limits;
use super::member::{Member, active_sessions, manager, nav};
use super::visit::{Visit, visit};
use crate::domain::audit::Actor;
use crate::domain::policy::DeviceFlow;
use crate::pages::api_access::{ApiAccessPage, Change, Row, Switch};
use crate::pages::concerned::Concerned;
use crate::pages::confirm::{ConfirmPage, Question};
use crate::pages::nav::Place;
use crate::pages::refusal::Refusal;
use crate::pages::sessions::Pager;
use crate::pages::text::{self, Moment};
use crate::services::api_access::{self, Effect, Roads};
use crate::store::StoreError;
use crate::store::cli_sessions::{self, Named};
use crate::store::credentials::Credential;
use crate::web::app::App;

/// Sessions on one page.
const PAGE: i64 = 25;

/// `GET /o/{org}/settings/api-access`
pub async fn settings(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = manager(visit, &slug).await?;
        let (org_id, now) = (member.organization.id.clone(), visit.app.now());
        let number =
            query(visit).get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, 10_000);
        let (effect, last_change, mut living) = visit
            .app
            .store
            .read(move |conn| {
                let effect = api_access::effect(conn, &org_id, now)?;
                let last_change = api_access::last_change(conn, &org_id)?;
                // One more than is shown tells whether there is a next page.
                let living = cli_sessions::living(conn, &org_id, now, (number - 1) * PAGE, PAGE + 1)?;
                Ok((effect, last_change, living))
            })
            .await?;
        let more = count(living.len()) > PAGE;
        living.truncate(usize::try_from(PAGE).unwrap_or_default());
        let link = |number: i64| format!("{}/o/{}/settings/api-access?page={number}", visit.base(), *slug);
        let active = active_sessions(visit, &member).await?;
        let policy = member.organization.policy(&visit.app.config.organizations);
        let page = ApiAccessPage {
            shell: visit.shell(),
            nav: nav(visit, &member, Place::ApiAccess, active),
            personal_tokens: if member.organization.personal_tokens { Switch::On } else { Switch::Off },
            concerned: concerned(effect),
            last_change: last_change.map(|change| Change {
                by: change.by.unwrap_or_else(|| "the operator of this server".to_owned()),
                at: Moment::minute(change.at.utc()),
            }),
            device_flow: policy.device_flow,
            copy_code: policy.copy_code,
            keys: credential_limits::keys(visit, &member).await?,
            rows: living.into_iter().map(row).collect(),
            pager: Pager {
                newer: (number > 1).then(|| link(number - 1)),
                older: more.then(|| link(number + 1)),
            },
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

/// What the device calls itself: the name that a person gave the session is for that person.
pub(super) fn device(session: &Credential) -> String {
    session.device_name.as_deref().map_or_else(|| "unknown-device".to_owned(), text::device_label)
}

fn row(Named { session, person, tool }: Named) -> Row {
    Row {
        device: device(&session),
        id: session.id,
        person: text::name(&person),
        claimed: session.tool_version.as_deref().map(text::device_words),
        tool: text::name(&tool),
        last_used: session.last_used_at.map(|at| Moment::minute(at.utc())),
    }
}

/// `GET /o/{org}/settings/api-access/personal-tokens/{to}`: says what it will do before anything is saved.
pub async fn confirm(
    app: web::Data<App>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let (slug, to) = path.into_inner();
        let member = manager(visit, &slug).await?;
        let concerned = concerned(effect(visit, &member).await?);
        let organization = member.organization.name.clone();
        let question = match to.as_str() {
            "off" => Question::PersonalTokensOff { slug, organization, concerned },
            "on" => Question::PersonalTokensOn { slug, organization, concerned },
            _ => return Ok(visit.refuse(Refusal::NotFound)),
        };
        let active = active_sessions(visit, &member).await?;
        let nav = nav(visit, &member, Place::ApiAccess, active);
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
        let form = visit.form(payload, "confirm").await?;
        let member = manager(visit, &slug).await?;
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

/// `POST /o/{org}/settings/api-access/roads`: device codes and codes to copy.
pub async fn save_roads(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = visit.form(payload, "roads").await?;
        let member = manager(visit, &slug).await?;
        let device_flow = form.get("device_flow").and_then(DeviceFlow::parse);
        let copy_code = match form.get("copy_code") {
            Some("on") => Some(true),
            Some("off") => Some(false),
            _ => None,
        };
        let (Some(device_flow), Some(copy_code)) = (device_flow, copy_code) else {
            return Ok(visit.refuse(Refusal::NotFound));
        };
        let roads = Roads { device_flow, copy_code };
        let (actor, origin) = (Actor::User(member.user_id.clone()), visit.browser.origin.clone());
        visit
            .app
            .write(move |app, work| {
                api_access::set_roads(work, &app.config, &member.organization.id, roads, &actor, &origin)
            })
            .await?;
        Ok(visit.go(&format!("/o/{slug}/settings/api-access?done=roads")))
    })
    .await
}

/// `GET /o/{org}/settings/api-access/revoke-all`
pub async fn revoke_all_page(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = manager(visit, &slug).await?;
        let question = Question::RevokeAll {
            concerned: concerned(effect(visit, &member).await?),
            slug: slug.into_inner(),
            organization: member.organization.name.clone(),
            login_command: visit.app.config.brand.login_command.clone(),
        };
        let active = active_sessions(visit, &member).await?;
        let nav = nav(visit, &member, Place::ApiAccess, active);
        Ok(visit.page(StatusCode::OK, &ConfirmPage { shell: visit.shell(), nav, question }))
    })
    .await
}

/// `POST /o/{org}/settings/api-access/revoke-all`
pub async fn revoke_all(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        visit.form(payload, "confirm").await?;
        let member = manager(visit, &slug).await?;
        let (actor, origin) = (Actor::User(member.user_id.clone()), visit.browser.origin.clone());
        visit
            .app
            .store
            .write(move |work| api_access::revoke_all(work, &member.organization, &actor, &origin))
            .await?;
        Ok(visit.go(&format!("/o/{slug}/settings/api-access?done=revoked-all")))
    })
    .await
}

async fn effect(visit: &Visit, member: &Member) -> Result<Effect, StoreError> {
    let (org_id, now) = (member.organization.id.clone(), visit.app.now());
    visit.app.store.read(move |conn| api_access::effect(conn, &org_id, now)).await
}

fn concerned(effect: Effect) -> Concerned {
    let Effect { sessions, personal_tokens, people } = effect;
    Concerned { sessions: count(sessions), personal_tokens: count(personal_tokens), people: count(people) }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
