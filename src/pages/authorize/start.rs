//! `/oauth/authorize`, `/cli-auth` and `/c/{code}`: a request to authorize is opened in the browser.

use actix_web::http::Method;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::authorization::{Parameters, Untrusted};
use crate::domain::parameters::decode;
use crate::domain::policy::Road;
use crate::pages::authorize::{paste, question, return_page};
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{Stop, Visit, visit};
use crate::pages::shared::urls::query;
use crate::services::authorization::{self, Opened, Opener, WayBack};
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

pub(in crate::pages) async fn open(visit: &Visit, text: &[u8]) -> Result<HttpResponse, Stop> {
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
    match return_page::way_back(visit, id).await? {
        Some(back) if back.request.road(&visit.app.config) == Road::Paste => Ok(visit.go(&paste::path(id))),
        Some(WayBack { url: Some(url), .. }) => {
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, url)).finish())
        }
        Some(WayBack { url: None, .. }) | None => Ok(visit.refuse(question::gone(visit))),
    }
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
