//! `/oauth/authorize`, `/cli-auth` and `/c/{code}`: opening an authorization request in the browser.

use actix_web::http::Method;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpResponse, web};

use crate::domain::authorization::{ClientRedirectError, RawParameters};
use crate::domain::parameters::decode;
use crate::domain::policy::SignInMethod;
use crate::pages::authorize::{paste, question, return_page};
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::urls::query;
use crate::services::authorization::{self, ClientRedirect, OpenOutcome, OpeningBrowser};
use crate::web::envelope::is_head;

/// Maximum number of parameters.
const MAX_PARAMETERS: usize = 64;
/// Maximum length of a query, well within limits for URLs.
const MAX_QUERY: usize = 7 * 1024;

/// `GET /cli-auth`: as `GET /oauth/authorize`. Outdated tools send only a port and expect a key in a URL,
/// which is refused; they are recognized by the missing `code_challenge`.
pub async fn start_from_tool(req: PageRequest) -> PageResult {
    let asked = query(&req);
    let outdated = asked.get("port").is_some()
        && ["code_challenge", "request_uri"].map(|name| asked.get(name)) == [None; 2];
    if outdated {
        let command = req.app.config.brand.login_command.clone();
        return Ok(req.refuse(Refusal::OutdatedTool { command }));
    }
    open(&req, req.http.query_string().as_bytes()).await
}

/// `GET /oauth/authorize`
pub async fn start(req: PageRequest) -> PageResult {
    open(&req, req.http.query_string().as_bytes()).await
}

/// `POST /oauth/authorize`: the same parameters in a form (OpenID Connect Core section 3.1.2.1).
pub async fn start_by_post(req: PageRequest, payload: web::Payload) -> PageResult {
    if !req.http.query_string().is_empty() {
        let detail = "A request by POST has its parameters in its body; the address has some too.".to_owned();
        return Ok(req.refuse(Refusal::MalformedRequest { detail }));
    }
    let body = req.foreign_form(payload).await?;
    // A cross-site form arrives without the browser's cookie: redirect to the same request with `GET`.
    if req.browser.is_new() && pairs(&body).is_some() {
        return Ok(redirect_to_get(&req, &body));
    }
    open(&req, &body).await
}

fn redirect_to_get(req: &PageRequest, body: &[u8]) -> HttpResponse {
    match std::str::from_utf8(body) {
        Ok(query) if query.len() <= MAX_QUERY && query.bytes().all(|b| b.is_ascii_graphic()) => {
            req.redirect(&format!("/oauth/authorize?{query}"))
        }
        Ok(_) | Err(_) => {
            let detail =
                "It is too long to come from another site. Push it (RFC 9126) or make it shorter.".to_owned();
            req.refuse(Refusal::MalformedRequest { detail })
        }
    }
}

/// `GET /c/{code}`
pub async fn short_link(req: PageRequest, code: web::Path<String>) -> PageResult {
    if is_head(&req.http) {
        return Ok(head_response());
    }
    if let Some(answer) = redirect_for_cookie(&req) {
        return Ok(answer);
    }
    if let Some(refusal) = req.begin_sign_in() {
        return Ok(refusal);
    }
    let by = opener(&req);
    let code = code.into_inner();
    let opened =
        req.app.write(move |app, work| authorization::open_short_link(work, &app.config, &code, by)).await?;
    after_opening(&req, opened).await
}

/// Response to `HEAD`: does not open the request, because that stores it and binds it to a browser.
fn head_response() -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).finish()
}

/// Query marker of a pushed request after the redirect that sets the cookie.
const WITH_COOKIE: &str = "opened=again";

/// A pushed request is bound to the first browser that opens it with a cookie. A browser without one gets a
/// cookie and is redirected to the same URL.
fn redirect_for_cookie(req: &PageRequest) -> Option<HttpResponse> {
    let (path, query) = (req.http.path(), req.http.query_string());
    let first_time = !query.split('&').any(|pair| pair == WITH_COOKIE);
    (req.browser.is_new() && first_time && *req.http.method() == Method::GET).then(|| {
        let path = path.strip_prefix(req.base()).unwrap_or(path);
        let separator = if query.is_empty() { "" } else { "&" };
        req.redirect(&format!("{path}?{query}{separator}{WITH_COOKIE}"))
    })
}

fn opener(req: &PageRequest) -> OpeningBrowser {
    OpeningBrowser { browser: req.browser.digest(), keeps_cookie: !req.browser.is_new() }
}

pub(in crate::pages) async fn open(req: &PageRequest, text: &[u8]) -> PageResult {
    if is_head(&req.http) {
        return Ok(head_response());
    }
    let Some(parameters) = pairs(text).map(RawParameters::from_pairs) else {
        let detail = format!(
            "It is not well-formed application/x-www-form-urlencoded text in UTF-8, or has more than {MAX_PARAMETERS} parameters."
        );
        return Ok(req.refuse(Refusal::MalformedRequest { detail }));
    };
    if parameters.request_uri.is_some()
        && let Some(answer) = redirect_for_cookie(req)
    {
        return Ok(answer);
    }
    if let Some(refusal) = req.begin_sign_in() {
        return Ok(refusal);
    }
    let by = opener(req);
    let opened =
        req.app.write(move |app, work| authorization::open(work, &app.config, &parameters, by)).await?;
    after_opening(req, opened).await
}

async fn after_opening(req: &PageRequest, opened: OpenOutcome) -> PageResult {
    let command = req.app.config.brand.login_command.clone();
    Ok(match opened {
        OpenOutcome::Silent(id) => redirect_silently(req, &id).await?,
        OpenOutcome::Request(id) => req.redirect(&format!("/authorize/{id}")),
        // Without a cookie the response does not reveal whether the request exists.
        OpenOutcome::Gone | OpenOutcome::OpenElsewhere if req.browser.is_new() => {
            req.refuse(Refusal::CookiesOff)
        }
        OpenOutcome::NeedsCookie => req.refuse(Refusal::CookiesOff),
        OpenOutcome::Gone => req.refuse(Refusal::UnknownCode { command }),
        OpenOutcome::OpenElsewhere => req.refuse(Refusal::OpenElsewhere { command }),
        OpenOutcome::Untrusted(ClientRedirectError::UnknownClient { asked }) => {
            req.refuse(Refusal::UnknownClient { client_id: asked.unwrap_or_default() })
        }
        OpenOutcome::Untrusted(ClientRedirectError::RedirectUri { client_name, asked, registered }) => {
            let asked = asked.unwrap_or_default();
            req.refuse(Refusal::RedirectNotRegistered { tool: client_name, asked, registered })
        }
        OpenOutcome::Untrusted(ClientRedirectError::StateTooLong) => {
            let detail = "state is longer than 8192 characters.".to_owned();
            req.refuse(Refusal::MalformedRequest { detail })
        }
    })
}

/// Redirects to the client at once, without a page (OpenID Connect Core section 3.1.2.6).
async fn redirect_silently(req: &PageRequest, id: &str) -> PageResult {
    match return_page::client_redirect(req, id).await? {
        Some(back) if back.request.sign_in_method(&req.app.config) == SignInMethod::Paste => {
            Ok(req.redirect(&paste::path(id)))
        }
        Some(ClientRedirect { url: Some(url), .. }) => {
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, url)).finish())
        }
        Some(ClientRedirect { url: None, .. }) | None => Ok(req.refuse(question::gone(req))),
    }
}

/// Name and value pairs, including repeated ones, which a later check refuses. `None` if malformed or too
/// many.
fn pairs(text: &[u8]) -> Option<Vec<(String, String)>> {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    if pairs.clone().count() > MAX_PARAMETERS {
        return None;
    }
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            Some((decode(&pair[..at])?, decode(pair.get(at + 1..).unwrap_or_default())?))
        })
        .collect()
}
