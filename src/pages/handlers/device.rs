//! `/device`: the code of a device, the question, the answer, and what came of it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::account::{query, with_wait};
use super::authorize::{closed, organization_name, role_too_small};
use super::consent;
use super::visit::{Stop, Visit, visit};
use super::waiting::Waiting;
use crate::domain::device::DeviceStatus;
use crate::domain::policy::Barrier;
use crate::domain::user_code::UserCode;
use crate::pages::consent::{Notice, Origin};
use crate::pages::device::{
    DeviceAnswer, DeviceConfirmPage, DeviceEntryPage, DeviceResultPage, too_many_codes, unknown_code,
};
use crate::pages::problems::Problems;
use crate::pages::refusal::{Refusal, RefusalForm, WayOut};
use crate::pages::text;
use crate::services::authorization::{self, Answerable, Choice, Obstacle};
use crate::services::device::{self, Answerer, Decided, Decision, Entered, Question, Unanswerable};
use crate::services::setup;
use crate::store::device_requests::DeviceRequest;
use crate::store::{StoreError, clients, organizations};
use crate::web::app::App;

/// `GET /device`. A code in the address fills the field and does nothing else. Nobody can try codes without signing in.
pub async fn entry(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let code = query(visit).get("user_code").and_then(UserCode::parse);
        if visit.person().is_none() {
            return sign_in_first(visit, &Waiting::DeviceCode(code)).await;
        }
        let code = code.map(|code| code.shown()).unwrap_or_default();
        Ok(visit.page(StatusCode::OK, &entry_page(visit, code, Problems::default())))
    })
    .await
}

fn entry_page(visit: &Visit, code: String, problems: Problems) -> DeviceEntryPage {
    DeviceEntryPage { shell: visit.shell(), problems, code }
}

/// `POST /device`
pub async fn enter(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = visit.form(payload, "device-code").await?;
        let typed: String = form.get("user_code").unwrap_or_default().chars().take(64).collect();
        let Some(answerer) = answerer(visit) else {
            return sign_in_first(visit, &Waiting::DeviceCode(UserCode::parse(&typed))).await;
        };
        let (code, address) = (typed.clone(), visit.address);
        let entered = visit
            .app
            .write(move |app, work| device::enter(work, &app.config, &app.master, &code, &answerer, address))
            .await?;
        Ok(match entered {
            Entered::Request(id) => visit.go(&Waiting::Device(id).path()),
            Entered::Wrong => {
                visit.page(StatusCode::UNPROCESSABLE_ENTITY, &entry_page(visit, typed, unknown_code()))
            }
            Entered::Wait(seconds) => {
                let page = entry_page(visit, typed, too_many_codes(seconds));
                with_wait(visit.page(StatusCode::TOO_MANY_REQUESTS, &page), Some(seconds))
            }
        })
    })
    .await
}

/// `GET /device/{id}`: the question, and once it is answered, the answer.
pub async fn question(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let id = id.into_inner();
        let Some(waiting @ Waiting::Device(_)) = Waiting::parse(&id) else { return Ok(unknown(visit)) };
        let Some(answerer) = answerer(visit) else {
            return sign_in_first(visit, &waiting).await;
        };
        let (app, now, asked) = (visit.app.clone(), visit.app.now(), id.clone());
        let posed = visit
            .app
            .store
            .read(move |conn| {
                let Answerer { session, address, .. } = &answerer;
                device::question(conn, &app.config, &app.master, now, &asked, session, *address)
            })
            .await?;
        match posed {
            Err(why) => unanswerable(visit, why).await,
            Ok(question) => ask(visit, question).await,
        }
    })
    .await
}

/// Shows the question, or why the person cannot say yes. Reading either answers nothing: where the reason is younger
/// than the code, the page has a form that tells the device.
async fn ask(visit: &Visit, question: Question) -> Result<HttpResponse, Stop> {
    let id = &question.request.id;
    let way_out = || {
        WayOut::ended_by(RefusalForm {
            action: format!("{}/device/{id}", visit.base()),
            token: visit.shell().tokens.of("device"),
            label: "Tell the device",
        })
    };
    match authorization::obstacle(&question.choices) {
        Some(Obstacle::NoOrganization) => Ok(visit.refuse(Refusal::NoOrganization { way_out: way_out() })),
        Some(Obstacle::RoleTooSmall(choice)) => Ok(visit.refuse(role_too_small(visit, choice, way_out()))),
        Some(Obstacle::Closed(choice, barrier)) => {
            closed(visit, &choice.organization, barrier, way_out()).await
        }
        None if question.standing == Answerable::AfterSigningInAgain => {
            Ok(visit.go(&format!("/sign-in/again?request={id}")))
        }
        None => Ok(visit.page(StatusCode::OK, &confirm_page(visit, &question))),
    }
}

/// `POST /device/{id}`
pub async fn answer(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let id = id.into_inner();
        let form = visit.form(payload, "device").await?;
        let Some(waiting @ Waiting::Device(_)) = Waiting::parse(&id) else { return Ok(unknown(visit)) };
        let here = waiting.path();
        let decision = match (form.get("decision"), form.get("organization")) {
            (Some("connect"), Some(org_id)) => Decision::Approve { org_id: org_id.to_owned() },
            (Some("deny"), _) => Decision::Deny,
            (Some("refuse"), _) => Decision::Refuse,
            _ => return Ok(visit.go(&here)),
        };
        let refuses = matches!(decision, Decision::Refuse);
        match decide(visit, &id, decision).await? {
            None => sign_in_first(visit, &waiting).await,
            Some(Decided::Answered | Decided::NotThere) => Ok(visit.go(&here)),
            Some(Decided::Unanswerable(why)) => unanswerable(visit, *why).await,
            Some(Decided::SignInAgain) => Ok(visit.go(&format!("/sign-in/again?request={id}"))),
            // The page that shows the answer says why.
            Some(Decided::Closed(..)) if refuses => Ok(visit.go(&here)),
            Some(Decided::Closed(organization, barrier)) => {
                closed(visit, &organization, barrier, WayOut::default()).await
            }
        }
    })
    .await
}

fn answerer(visit: &Visit) -> Option<Answerer> {
    let (session, _) = visit.person()?;
    let (session, origin) = (session.clone(), visit.browser.origin.clone());
    Some(Answerer { session, address: visit.comparable_address(), origin })
}

async fn decide(visit: &Visit, id: &str, decision: Decision) -> Result<Option<Decided>, StoreError> {
    let Some(answerer) = answerer(visit) else { return Ok(None) };
    let id = id.to_owned();
    let decided = visit
        .app
        .write(move |app, work| device::decide(work, &app.config, &app.master, &id, &answerer, &decision));
    decided.await.map(Some)
}

async fn sign_in_first(visit: &Visit, waiting: &Waiting) -> Result<HttpResponse, Stop> {
    if visit.app.store.read(setup::is_open).await? {
        return Ok(visit.go("/setup"));
    }
    Ok(visit.go(&format!("/sign-in?request={}", waiting.field())))
}

fn unknown(visit: &Visit) -> HttpResponse {
    visit.refuse(Refusal::UnknownCode { command: visit.app.config.brand.login_command.clone() })
}

async fn unanswerable(visit: &Visit, why: Unanswerable) -> Result<HttpResponse, Stop> {
    let command = visit.app.config.brand.login_command.clone();
    Ok(match why {
        Unanswerable::NotHere | Unanswerable::ClientGone => unknown(visit),
        Unanswerable::Expired => {
            let open_for = text::duration(visit.app.config.tokens.device_request);
            visit.refuse(Refusal::RequestEnded { open_for, command })
        }
        Unanswerable::Answered { request, choices } => answered(visit, *request, &choices).await?,
    })
}

/// What the person reads after the answer, and whenever they come back to it.
async fn answered(visit: &Visit, request: DeviceRequest, choices: &[Choice]) -> Result<HttpResponse, Stop> {
    let refused_for = match request.status {
        DeviceStatus::SwitchedOff => Barrier::PersonalTokens,
        DeviceStatus::NotAllowed => Barrier::DeviceFlow,
        DeviceStatus::Approved => return connected(visit, request).await,
        DeviceStatus::Denied | DeviceStatus::CannotApprove | DeviceStatus::Open => {
            // Nobody is asked who could not have said yes.
            match authorization::obstacle(choices) {
                Some(Obstacle::NoOrganization) => {
                    return Ok(visit.refuse(Refusal::NoOrganization { way_out: WayOut::default() }));
                }
                Some(Obstacle::RoleTooSmall(choice)) => {
                    return Ok(visit.refuse(role_too_small(visit, choice, WayOut::default())));
                }
                Some(Obstacle::Closed(..)) | None => {}
            }
            let page = DeviceResultPage { shell: visit.shell(), answer: DeviceAnswer::Ended };
            return Ok(visit.page(StatusCode::OK, &page));
        }
    };
    let org_id = request.org_id.clone().unwrap_or_default();
    match visit.app.store.read(move |conn| organizations::find(conn, &org_id)).await? {
        Some(organization) => {
            // As the policy says it today; if it would say nothing any more, as the status does.
            let policy = organization.policy(&visit.app.config.organizations);
            let barrier = policy.barrier(request.answered_on()).unwrap_or(refused_for);
            closed(visit, &organization, barrier, WayOut::default()).await
        }
        None => Ok(visit.refuse(Refusal::NoOrganization { way_out: WayOut::default() })),
    }
}

async fn connected(visit: &Visit, request: DeviceRequest) -> Result<HttpResponse, Stop> {
    let client_id = request.client_id;
    let tool = visit.app.store.read(move |conn| clients::name(conn, &client_id)).await?;
    let answer = DeviceAnswer::Connected {
        tool: text::name(&tool.unwrap_or_default()),
        device: request.device_name.as_deref().map(text::device_label),
        organization: organization_name(visit, request.org_id).await?,
    };
    Ok(visit.page(StatusCode::OK, &DeviceResultPage { shell: visit.shell(), answer }))
}

fn confirm_page(visit: &Visit, question: &Question) -> DeviceConfirmPage {
    let (now, request) = (visit.app.now(), &question.request);
    let origin = consent::origin(visit, request.ip.as_deref(), request.created_at);
    let permissions = consent::permissions(visit, &question.asked, &question.choices);
    let notices = [
        (Notice::DifferentNetwork, matches!(origin, Some(Origin::DifferentNetwork { .. }))),
        (Notice::FirstTime, question.first_time),
        (Notice::Old, now - request.created_at > consent::OLD),
        (Notice::Changes, permissions.change_something()),
    ];
    DeviceConfirmPage {
        shell: visit.shell(),
        request: request.id.clone(),
        tool: text::name(&question.client.name),
        code: question.user_code.shown(),
        device: consent::device(
            request.device_name.as_deref(),
            request.device_os.as_deref(),
            request.tool_version.as_deref(),
        ),
        origin,
        asked_at: text::near_time(request.created_at.utc(), now.utc()),
        ago: text::ago(request.created_at.utc(), now.utc()),
        expires_at: text::time(request.expires_at.utc()),
        notices: notices.into_iter().filter_map(|(notice, applies)| applies.then_some(notice)).collect(),
        permissions,
        not_asked: consent::not_asked(visit, &question.asked),
        organizations: consent::organizations(visit, &question.choices),
        lasts: consent::lasts(visit, &question.client),
    }
}
