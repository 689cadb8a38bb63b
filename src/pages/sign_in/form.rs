//! `/sign-in` and `/sign-out`.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::invitation;
use crate::domain::parameters::Parameters;
use crate::domain::secret::Secret;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult, Posted};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::{text, urls};
use crate::pages::sign_in::continue_to::{SignInTarget, TargetDetails};
use crate::services::setup;
use crate::services::sign_in::{self, SignInAttempt, SignInOutcome};
use crate::store::StoreError;
use crate::web::browser::{Browser, removal_cookie, signed_in_cookies};

#[derive(Template)]
#[template(path = "sign_in/form.html")]
pub struct SignInPage {
    pub shell: Shell,
    pub problems: Problems,
    /// The address as entered before.
    pub email: String,
    /// Name of the tool that waits.
    pub continue_to: Option<String>,
    /// Id of the pending request.
    pub request: Option<String>,
    pub notice: Option<Notice>,
}

/// Why the user was sent here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    SessionEnded,
    SignedOut,
    SwitchAccount,
    PasswordSet,
}

impl Notice {
    pub fn words(self) -> &'static str {
        match self {
            Self::SessionEnded => "Your session has ended. Sign in to continue.",
            Self::SignedOut => "You are signed out.",
            Self::PasswordSet => "Your new password is set. Sign in with it.",
            Self::SwitchAccount => "You are signed out. The request is kept: sign in as the right person.",
        }
    }
}

/// One message for an unknown email address and a wrong password, which must be indistinguishable.
pub fn wrong_pair() -> Problems {
    Problems::default().with("email", "This email and password do not match")
}

/// Message for too many attempts, the same for known and unknown addresses.
pub fn too_many_tries(seconds: i64) -> Problems {
    let wait = text::count(seconds, "second", "seconds");
    Problems::default().with("email", format!("Too many tries. Try again in {wait}"))
}

/// Message for a full hashing queue, independent of the account.
pub fn busy(seconds: i64) -> Problems {
    let wait = text::count(seconds, "second", "seconds");
    Problems::default().with("email", format!("The server is busy. Try again in {wait}"))
}

/// `GET /sign-in`
pub async fn sign_in_page(req: PageRequest) -> PageResult {
    if req.app.store.read(setup::is_open).await? {
        return Ok(req.redirect("/setup"));
    }
    let query = urls::query(&req);
    let waiting = query.get("request").and_then(SignInTarget::parse);
    if req.person().is_some() {
        return Ok(req.redirect(&after(waiting.as_ref())));
    }
    let TargetDetails { tool, hint } = look_up(&req, waiting.as_ref()).await?;
    let notice = match query.get("because") {
        Some("signed-out") => Some(Notice::SignedOut),
        Some("switch") => Some(Notice::SwitchAccount),
        Some("password-set") => Some(Notice::PasswordSet),
        Some("ended") => Some(Notice::SessionEnded),
        _ => None,
    };
    let page = SignInPage {
        shell: req.shell(),
        problems: Problems::default(),
        email: hint.unwrap_or_default(),
        request: waiting.filter(|_| tool.is_some()).map(|waiting| waiting.field()),
        continue_to: tool,
        notice,
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// `POST /sign-in`
pub async fn sign_in(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = match req.posted(payload, "sign-in").await? {
        Posted::Ours(form) => form,
        Posted::Stale(form) => return Ok(shown_before(&req, &form)),
    };
    let email = form.get("email").unwrap_or_default().to_owned();
    let waiting = form.get("request").and_then(SignInTarget::parse);
    match attempt(&req, &form, email.clone()).await? {
        SignInOutcome::Yes(session) => {
            Ok(req.redirect_with(&after(waiting.as_ref()), signed_in_cookies(&req.app, &session)))
        }
        outcome => {
            let TargetDetails { tool, .. } = look_up(&req, waiting.as_ref()).await?;
            let (status, problems, wait) = failure_response(&outcome, wrong_pair());
            let page = SignInPage {
                shell: req.shell(),
                problems,
                email,
                continue_to: tool,
                request: waiting.map(|waiting| waiting.field()),
                notice: None,
            };
            Ok(with_wait(req.page(status, &page), wait))
        }
    }
}

/// `POST /sign-out`. A pending request is kept for the next sign-in, and the link of an invitation is opened again.
pub async fn sign_out(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "sign-out").await?;
    if let Some((session, _)) = req.person().cloned() {
        let origin = req.browser.origin.clone();
        req.app.store.write(move |work| sign_in::sign_out(work, &session, &origin)).await?;
    }
    if let Some(token) = form.get("invitation").filter(|token| invitation::is_token(token)) {
        return Ok(req.redirect_with(&format!("/invite/{token}"), [removal_cookie(&req.app)]));
    }
    Ok(match form.get("request").and_then(SignInTarget::parse) {
        // The browser keeps its cookie, which the request is bound to; it no longer belongs to a signed-in user.
        Some(waiting) => req.redirect(&format!("/sign-in?request={}&because=switch", waiting.field())),
        None => req.redirect_with("/sign-in?because=signed-out", [removal_cookie(&req.app)]),
    })
}

/// Response to a sign-in form that was loaded before a sign-in or sign-out in another tab. The pending
/// request is kept: redirects to its page, or to a new form.
fn shown_before(req: &PageRequest, form: &Parameters) -> HttpResponse {
    if req.person().is_some() {
        return req.redirect(&after(form.get("request").and_then(SignInTarget::parse).as_ref()));
    }
    req.too_old(&sign_in_path(req, form))
}

/// Path of a new sign-in form for the pending request.
pub(in crate::pages) fn sign_in_path(req: &PageRequest, form: &Parameters) -> String {
    let page = if req.person().is_some() { "/sign-in/again" } else { "/sign-in" };
    match form.get("request").and_then(SignInTarget::parse) {
        Some(waiting) => format!("{page}?request={}", waiting.field()),
        None => page.to_owned(),
    }
}

pub(in crate::pages) async fn attempt(
    req: &PageRequest,
    form: &Parameters,
    email: String,
) -> Result<SignInOutcome, StoreError> {
    let app = &req.app;
    let attempt = SignInAttempt {
        email,
        password: Secret::new(form.get("password").unwrap_or_default()),
        known_device: Browser::known_device(app, &req.http),
        browser: req.browser.digest(),
        address: req.address,
        origin: req.browser.origin.clone(),
    };
    sign_in::sign_in(&app.store, &app.config, &app.master, &app.passwords, attempt).await
}

pub(in crate::pages) fn failure_response(
    outcome: &SignInOutcome,
    wrong: Problems,
) -> (StatusCode, Problems, Option<i64>) {
    match outcome {
        SignInOutcome::Wait(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, too_many_tries(*seconds), Some(*seconds))
        }
        SignInOutcome::Busy => (StatusCode::SERVICE_UNAVAILABLE, busy(2), Some(2)),
        SignInOutcome::Yes(_) | SignInOutcome::No => (StatusCode::UNPROCESSABLE_ENTITY, wrong, None),
    }
}

pub(in crate::pages) fn with_wait(mut answer: HttpResponse, seconds: Option<i64>) -> HttpResponse {
    if let Some(seconds) = seconds {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

pub(in crate::pages) async fn look_up(
    req: &PageRequest,
    waiting: Option<&SignInTarget>,
) -> Result<TargetDetails, StoreError> {
    match waiting {
        Some(waiting) => waiting.look_up(req).await,
        None => Ok(TargetDetails::default()),
    }
}

/// Path after a sign-in: the target, otherwise the home page.
pub(in crate::pages) fn after(waiting: Option<&SignInTarget>) -> String {
    waiting.map_or_else(|| "/".to_owned(), SignInTarget::path)
}
