//! The authorization endpoint and what follows: the question, the answer, the way back.

use actix_web::http::header::{self, ContentType};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};

use super::account::{encoded, query};
use super::visit::{Stop, Visit, visit};
use super::{consent, paste};
use crate::domain::authorization::{Parameters, Untrusted};
use crate::domain::parameters::decode;
use crate::domain::policy::{Barrier, Road};
use crate::domain::redirect_uri::Target;
use crate::domain::request::RequestStatus;
use crate::domain::role;
use crate::pages::consent::Destination as GoesTo;
use crate::pages::refusal::{Refusal, RefusalForm, TurnsOn, WayOut};
use crate::pages::text;
use crate::pages::way_back::{Answer, Destination, WayBackPage};
use crate::services::authorization::{
    self, Answerable, Decided, Decision, Obstacle, Opened, Opener, Question, Unanswerable, WayBack,
};
use crate::store::organizations::Organization;
use crate::store::{StoreError, memberships, organizations};
use crate::web::app::App;
use crate::web::envelope::is_head;

/// More than any request needs.
const MOST_PARAMETERS: usize = 64;
/// What fits into an address with room to spare.
const LONGEST_QUERY: usize = 7 * 1024;

/// `GET /cli-auth`: the same. Old tools come here with nothing but a port and expect a key in an address, which never
/// happens: they are told apart by the challenge that they do not send.
pub async fn start_from_tool(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let asked = query(visit);
        let outdated = asked.get("port").is_some()
            && ["code_challenge", "request_uri"].map(|name| asked.get(name)) == [None; 2];
        if outdated {
            let command = visit.app.config.brand.login_command.clone();
            return Ok(visit.refuse(Refusal::OutdatedTool { command }));
        }
        open(visit, visit.request.query_string().as_bytes()).await
    })
    .await
}

/// `GET /oauth/authorize`
pub async fn start(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| open(visit, visit.request.query_string().as_bytes()).await).await
}

/// `POST /oauth/authorize`: the same parameters in a form (OpenID Connect Core section 3.1.2.1).
pub async fn start_by_post(app: web::Data<App>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    visit(app, request, async |visit| {
        if !visit.request.query_string().is_empty() {
            let detail =
                "A request by POST has its parameters in its body; the address has some too.".to_owned();
            return Ok(visit.refuse(Refusal::MalformedRequest { detail }));
        }
        let body = visit.foreign_form(payload).await?;
        // A form of another site brings no cookie, though the browser may have one: ask for the page as a link would.
        if visit.browser.is_new() && pairs(&body).is_some() {
            return Ok(again_by_get(visit, &body));
        }
        open(visit, &body).await
    })
    .await
}

fn again_by_get(visit: &Visit, body: &[u8]) -> HttpResponse {
    match std::str::from_utf8(body) {
        Ok(query) if query.len() <= LONGEST_QUERY && query.bytes().all(|b| b.is_ascii_graphic()) => {
            visit.go(&format!("/oauth/authorize?{query}"))
        }
        Ok(_) | Err(_) => {
            let detail =
                "It is too long to come from another site. Push it (RFC 9126) or make it shorter.".to_owned();
            visit.refuse(Refusal::MalformedRequest { detail })
        }
    }
}

/// `GET /c/{code}`
pub async fn short_link(app: web::Data<App>, request: HttpRequest, code: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        if is_head(&visit.request) {
            return Ok(unopened());
        }
        if let Some(answer) = take_cookie_first(visit) {
            return Ok(answer);
        }
        if let Some(refusal) = visit.begin_sign_in() {
            return Ok(refusal);
        }
        let by = opener(visit);
        let code = code.into_inner();
        let opened = visit
            .app
            .write(move |app, work| authorization::open_short_link(work, &app.config, &code, by))
            .await?;
        after_opening(visit, opened).await
    })
    .await
}

/// The answer to `HEAD` where a request is opened: opening writes down the request and which browser it belongs to.
fn unopened() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).finish()
}

/// What marks the address of a pushed request when a browser without a cookie is sent there a second time.
const WITH_COOKIE: &str = "opened=again";

/// A pushed request belongs to the first browser that opens it and keeps a cookie. One that has none yet gets one, and is
/// sent to the same address again.
fn take_cookie_first(visit: &Visit) -> Option<HttpResponse> {
    let (path, query) = (visit.request.path(), visit.request.query_string());
    let first_time = !query.split('&').any(|pair| pair == WITH_COOKIE);
    (visit.browser.is_new() && first_time && *visit.request.method() == Method::GET).then(|| {
        let path = path.strip_prefix(visit.base()).unwrap_or(path);
        let separator = if query.is_empty() { "" } else { "&" };
        visit.go(&format!("{path}?{query}{separator}{WITH_COOKIE}"))
    })
}

fn opener(visit: &Visit) -> Opener {
    Opener { browser: visit.browser.digest(), keeps_cookie: !visit.browser.is_new() }
}

async fn open(visit: &Visit, text: &[u8]) -> Result<HttpResponse, Stop> {
    if is_head(&visit.request) {
        return Ok(unopened());
    }
    let Some(parameters) = pairs(text).map(Parameters::from_pairs) else {
        let detail = format!(
            "It is not well-formed application/x-www-form-urlencoded text in UTF-8, or has more than {MOST_PARAMETERS} parameters."
        );
        return Ok(visit.refuse(Refusal::MalformedRequest { detail }));
    };
    if parameters.request_uri.is_some()
        && let Some(answer) = take_cookie_first(visit)
    {
        return Ok(answer);
    }
    if let Some(refusal) = visit.begin_sign_in() {
        return Ok(refusal);
    }
    let by = opener(visit);
    let opened =
        visit.app.write(move |app, work| authorization::open(work, &app.config, &parameters, by)).await?;
    after_opening(visit, opened).await
}

async fn after_opening(visit: &Visit, opened: Opened) -> Result<HttpResponse, Stop> {
    let command = visit.app.config.brand.login_command.clone();
    Ok(match opened {
        Opened::Silent(id) => silently(visit, &id).await?,
        Opened::Request(id) => visit.go(&format!("/authorize/{id}")),
        // A browser without a cookie is not told whether the request exists.
        Opened::Gone | Opened::OpenElsewhere if visit.browser.is_new() => visit.refuse(Refusal::CookiesOff),
        Opened::NeedsCookie => visit.refuse(Refusal::CookiesOff),
        Opened::Gone => visit.refuse(Refusal::UnknownCode { command }),
        Opened::OpenElsewhere => visit.refuse(Refusal::OpenElsewhere { command }),
        Opened::Untrusted(Untrusted::UnknownClient { asked }) => {
            visit.refuse(Refusal::UnknownClient { client_id: asked.unwrap_or_default() })
        }
        Opened::Untrusted(Untrusted::RedirectUri { client_name, asked, registered }) => {
            let asked = asked.unwrap_or_default();
            visit.refuse(Refusal::RedirectNotRegistered { tool: client_name, asked, registered })
        }
        Opened::Untrusted(Untrusted::StateTooLong) => {
            let detail = "state is longer than 8192 characters.".to_owned();
            visit.refuse(Refusal::MalformedRequest { detail })
        }
    })
}

/// Tells the client at once, without a page (OpenID Connect Core section 3.1.2.6).
async fn silently(visit: &Visit, id: &str) -> Result<HttpResponse, Stop> {
    match way_back(visit, id).await? {
        Some(back) if back.request.road(&visit.app.config) == Road::Paste => Ok(visit.go(&paste::path(id))),
        Some(WayBack { url: Some(url), .. }) => {
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, url)).finish())
        }
        Some(WayBack { url: None, .. }) | None => Ok(visit.refuse(gone(visit))),
    }
}

/// `GET /authorize/{id}`
pub async fn question(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let id = id.into_inner();
        let Some((session, _)) = visit.person().cloned() else {
            return Ok(visit.go(&format!("/sign-in?request={}", encoded(&id))));
        };
        let (app, now, asked) = (visit.app.clone(), visit.app.now(), id.clone());
        let posed = visit
            .app
            .store
            .read(move |conn| authorization::question(conn, &app.config, now, &asked, &session))
            .await?;
        match posed {
            Err(why) => unanswerable(visit, &id, why).await,
            Ok(question) if question.standing == Answerable::AfterSigningInAgain => {
                Ok(visit.go(&format!("/sign-in/again?request={}", encoded(&id))))
            }
            Ok(question) => ask(visit, question).await,
        }
    })
    .await
}

/// Shows the question, or why the person cannot say yes. Reading either answers nothing: the page that says why not has
/// a form that tells the tool.
async fn ask(visit: &Visit, question: Question) -> Result<HttpResponse, Stop> {
    let Some(obstacle) = authorization::obstacle(&question.choices) else {
        return Ok(visit.page(StatusCode::OK, &consent::page(visit, &question)));
    };
    let label = match consent::destination(&question) {
        GoesTo::Loopback { .. } => "Return to your terminal",
        GoesTo::Website { .. } | GoesTo::App { .. } => "Return to the tool",
        GoesTo::Code => "End the request",
    };
    let way_out = WayOut::ended_by(RefusalForm {
        action: format!("{}/authorize/{}", visit.base(), question.request.id),
        token: visit.shell().tokens.of("authorize"),
        label,
    });
    match obstacle {
        Obstacle::NoOrganization => Ok(visit.refuse(Refusal::NoOrganization { way_out })),
        Obstacle::RoleTooSmall(choice) => Ok(visit.refuse(role_too_small(visit, choice, way_out))),
        Obstacle::Closed(choice, Barrier::PersonalTokens) => {
            closed(visit, &choice.organization, Barrier::PersonalTokens, way_out).await
        }
        // The question stays open until an owner allows it.
        Obstacle::Closed(choice, barrier) => {
            closed(visit, &choice.organization, barrier, WayOut::default()).await
        }
    }
}

/// `POST /authorize/{id}`
pub async fn answer(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let id = id.into_inner();
        let form = visit.form(payload, "authorize").await?;
        let decision = match (form.get("decision"), form.get("organization")) {
            (Some("authorize"), Some(org_id)) => Decision::Approve { org_id: org_id.to_owned() },
            (Some("deny"), _) => Decision::Deny,
            (Some("refuse"), _) => Decision::Refuse,
            _ => return Ok(visit.go(&format!("/authorize/{}", encoded(&id)))),
        };
        match decide(visit, &id, &decision).await? {
            None => Ok(visit.go(&format!("/sign-in?request={}", encoded(&id)))),
            Some(Decided::Answered) => Ok(visit.go(&format!("/authorize/return?request={}", encoded(&id)))),
            Some(Decided::Unanswerable(why)) => unanswerable(visit, &id, *why).await,
            Some(Decided::SignInAgain) => Ok(visit.go(&format!("/sign-in/again?request={}", encoded(&id)))),
            Some(Decided::Closed(_, Barrier::PersonalTokens)) if decision == Decision::Refuse => {
                Ok(visit.go(&format!("/authorize/return?request={}", encoded(&id))))
            }
            Some(Decided::Closed(organization, barrier)) => {
                let url = way_back(visit, &id).await?.and_then(|back| back.url);
                closed(visit, &organization, barrier, WayOut::link(url)).await
            }
            Some(Decided::NotThere) => Ok(visit.go(&format!("/authorize/{}", encoded(&id)))),
        }
    })
    .await
}

/// `GET /authorize/return`
pub async fn return_page(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    visit(app, request, async |visit| {
        let query = query(visit);
        let id = query.get("request").unwrap_or_default();
        let Some(back) = way_back(visit, id).await? else { return Ok(visit.refuse(gone(visit))) };
        if back.request.road(&visit.app.config) == Road::Paste {
            return Ok(visit.go(&paste::path(id)));
        }
        let Some(target) = back.url.clone() else {
            let command = visit.app.config.brand.login_command.clone();
            return Ok(visit.refuse(Refusal::AlreadyAnswered { send_again: None, command }));
        };
        let organization = organization_name(visit, back.request.org_id.clone()).await?;
        let page = WayBackPage {
            shell: visit.shell(),
            target,
            answer: answered(&back, organization),
            destination: match back.target {
                Target::Loopback { .. } => Destination::Terminal,
                Target::Website { host } => Destination::Website(host),
                Target::App { .. } => Destination::App(back.client_name),
            },
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

fn answered(back: &WayBack, organization: String) -> Answer {
    match back.request.status {
        RequestStatus::Approved => Answer::Authorized { tool: back.client_name.clone(), organization },
        RequestStatus::Denied => Answer::Denied,
        RequestStatus::CannotApprove => match back.request.org_id {
            Some(_) => Answer::RoleTooSmall { organization },
            None => Answer::NoOrganization,
        },
        RequestStatus::SwitchedOff => Answer::PersonalTokensOff { organization },
        RequestStatus::Invalid => {
            Answer::Refused { what: "The tool sent something that this server does not understand." }
        }
        RequestStatus::NotAllowed => {
            Answer::Refused { what: "The organization does not allow codes to be copied." }
        }
        RequestStatus::Open => Answer::Refused {
            what: "The tool asked to be let in without a question, which never happens here.",
        },
    }
}

async fn decide(visit: &Visit, id: &str, decision: &Decision) -> Result<Option<Decided>, StoreError> {
    let Some((session, _)) = visit.person().cloned() else { return Ok(None) };
    let (id, decision, origin) = (id.to_owned(), decision.clone(), visit.browser.origin.clone());
    let decided = visit.app.write(move |app, work| {
        authorization::decide(work, &app.config, &app.master, &id, &session, &decision, &origin)
    });
    decided.await.map(Some)
}

async fn way_back(visit: &Visit, id: &str) -> Result<Option<WayBack>, StoreError> {
    let (app, now, id, browser) = (visit.app.clone(), visit.app.now(), id.to_owned(), visit.browser.digest());
    let signed_in = visit.person().is_some();
    visit
        .app
        .store
        .read(move |conn| {
            authorization::way_back(conn, &app.config, &app.master, now, &id, browser, signed_in)
        })
        .await
}

async fn unanswerable(visit: &Visit, id: &str, why: Unanswerable) -> Result<HttpResponse, Stop> {
    let command = visit.app.config.brand.login_command.clone();
    let return_page = format!("/authorize/return?request={}", encoded(id));
    Ok(match why {
        Unanswerable::NotHere | Unanswerable::ClientGone => visit.refuse(gone(visit)),
        Unanswerable::Expired => {
            let open_for = text::duration(visit.app.config.tokens.request);
            visit.refuse(Refusal::RequestEnded { open_for, command })
        }
        Unanswerable::Answered(request) if request.status == RequestStatus::SwitchedOff => {
            let way_out = WayOut::link(way_back(visit, id).await?.and_then(|back| back.url));
            let org_id = request.org_id.unwrap_or_default();
            let organization = visit.app.store.read(move |conn| organizations::find(conn, &org_id)).await?;
            match organization {
                Some(organization) => closed(visit, &organization, Barrier::PersonalTokens, way_out).await?,
                None => visit.refuse(Refusal::NoOrganization { way_out }),
            }
        }
        Unanswerable::Answered(request) if request.status == RequestStatus::NotAllowed => {
            visit.refuse(Refusal::TerminalLeft)
        }
        Unanswerable::Answered(_) => {
            let usable = way_back(visit, id).await?.is_some_and(|back| back.url.is_some());
            let send_again = usable.then(|| format!("{}{return_page}", visit.base()));
            visit.refuse(Refusal::AlreadyAnswered { send_again, command })
        }
        Unanswerable::Invalid(_) | Unanswerable::MayNotAsk(_) => visit.go(&return_page),
    })
}

/// The page that says what an organization does not allow, and who can change that.
pub(super) async fn closed(
    visit: &Visit,
    organization: &Organization,
    barrier: Barrier,
    way_out: WayOut,
) -> Result<HttpResponse, Stop> {
    let org_id = organization.id.clone();
    let managers = visit
        .app
        .store
        .read(move |conn| memberships::with_roles(conn, &org_id, &[role::OWNER, role::ADMIN]))
        .await?;
    let reader = visit.person().map(|(session, _)| session.user_id.as_str());
    let who = if managers.iter().any(|manager| Some(manager.id.as_str()) == reader) {
        TurnsOn::You(format!("{}/o/{}/settings/api-access", visit.base(), organization.slug))
    } else {
        TurnsOn::Others(managers.into_iter().map(|user| user.name).take(5).collect())
    };
    let organization = organization.name.clone();
    Ok(visit.refuse(match barrier {
        Barrier::PersonalTokens => Refusal::PersonalTokensOff { organization, who, way_out },
        Barrier::DeviceFlow | Barrier::OtherNetwork | Barrier::CopyCode => {
            Refusal::RoadClosed { organization, barrier, who, way_out }
        }
    }))
}

pub(super) fn role_too_small(visit: &Visit, choice: &authorization::Choice, way_out: WayOut) -> Refusal {
    let needed = visit.app.config.catalog.entries(&choice.left_out).flat_map(|scope| scope.roles.clone());
    let mut needed: Vec<String> = needed.collect();
    needed.sort();
    needed.dedup();
    Refusal::RoleTooSmall {
        organization: choice.organization.name.clone(),
        role: choice.role.clone(),
        needed,
        way_out,
    }
}

pub(super) async fn organization_name(visit: &Visit, id: Option<String>) -> Result<String, StoreError> {
    let Some(id) = id else { return Ok(String::new()) };
    let found = visit.app.store.read(move |conn| organizations::find(conn, &id)).await?;
    Ok(found.map(|organization| organization.name).unwrap_or_default())
}

fn gone(visit: &Visit) -> Refusal {
    Refusal::UnknownCode { command: visit.app.config.brand.login_command.clone() }
}

/// Name and value pairs; those that come twice stay, for the check to find. Nothing for what is malformed or too much.
fn pairs(text: &[u8]) -> Option<Vec<(String, String)>> {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    if pairs.clone().count() > MOST_PARAMETERS {
        return None;
    }
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            Some((decode(&pair[..at])?, decode(pair.get(at + 1..).unwrap_or_default())?))
        })
        .collect()
}
