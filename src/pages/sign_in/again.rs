//! `/sign-in/again`: re-authentication before a sensitive action.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult, Posted};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::urls;
use crate::pages::shared::words::{Piece, Sentence};
use crate::pages::sign_in::continue_to::{SignInTarget, TargetDetails};
use crate::pages::sign_in::form;
use crate::services::sign_in::SignInOutcome;
use crate::web::browser::signed_in_cookies;

#[derive(Template)]
#[template(path = "sign_in/again.html")]
pub struct ReauthenticatePage {
    pub shell: Shell,
    pub problems: Problems,
    pub email: String,
    /// The purpose: see [`reason`].
    pub reason: Sentence,
    /// Id of the pending request.
    pub request: Option<String>,
}

/// "to authorize Orbit CLI to change deployments"
pub fn reason(tool: &str, what: &str) -> Sentence {
    Sentence::from("to authorize ").name(tool).text(format!(" to {what}"))
}

pub fn wrong_password() -> Problems {
    Problems::default().with("password", "This is not the password of this account")
}

/// `GET /sign-in/again`
pub async fn again_page(req: PageRequest) -> PageResult {
    let waiting = urls::query(&req).get("request").and_then(SignInTarget::parse);
    again(&req, waiting, StatusCode::OK, Problems::default()).await
}

/// `POST /sign-in/again`
pub async fn sign_in_again(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = match req.posted(payload, "sign-in-again").await? {
        Posted::Ours(form) => form,
        Posted::Stale(form) => return Ok(req.too_old(&form::sign_in_path(&req, &form))),
    };
    let waiting = form.get("request").and_then(SignInTarget::parse);
    let Some((_, user)) = req.person() else { return Ok(req.redirect("/sign-in?because=ended")) };
    match form::attempt(&req, &form, user.email.clone()).await? {
        SignInOutcome::Yes(session) => {
            Ok(req.redirect_with(&form::after(waiting.as_ref()), signed_in_cookies(&req.app, &session)))
        }
        outcome => {
            let (status, problems, wait) = form::failure_response(&outcome, wrong_password());
            Ok(form::with_wait(again(&req, waiting, status, problems).await?, wait))
        }
    }
}

pub(in crate::pages) async fn again(
    req: &PageRequest,
    waiting: Option<SignInTarget>,
    status: StatusCode,
    problems: Problems,
) -> PageResult {
    let Some((_, user)) = req.person() else { return Ok(req.redirect("/sign-in?because=ended")) };
    let TargetDetails { tool, .. } = form::look_up(req, waiting.as_ref()).await?;
    let reason = match &tool {
        Some(tool) => reason(tool, "act as you"),
        None => "to continue".into(),
    };
    let page = ReauthenticatePage {
        shell: req.shell(),
        problems,
        email: user.email.clone(),
        reason,
        request: waiting.filter(|_| tool.is_some()).map(|waiting| waiting.field()),
    };
    Ok(req.page(status, &page))
}
