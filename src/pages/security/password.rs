//! `/security/password`: the change of one's own password.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::entropy::Entropy;
use crate::domain::parameters::Parameters;
use crate::domain::password;
use crate::domain::secret::Secret;
use crate::keys::hashing::HasherBusy;
use crate::pages::security::overview::security_nav;
use crate::pages::setup::form::password_hint;
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageError, PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::sign_in::form::{busy, too_many_tries, with_wait};
use crate::services::password_change::{self, PasswordChange};
use crate::services::sign_in::{self, Proof, SignInAttempt};
use crate::store::users::User;
use crate::store::{StoreError, TxError};
use crate::web::browser::{Browser, signed_in_cookies};

/// Seconds until a full hashing queue is tried again.
const BUSY_WAIT: i64 = 2;
/// Minimum length of a new password in characters, unless `sign_in.password_min` is larger. A password is the only
/// factor (NIST SP 800-63B-4 section 3.1.1.1).
const LEAST: usize = 15;

#[derive(Template)]
#[template(path = "security/password.html")]
pub struct ChangePasswordPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub email: String,
    pub hint: String,
    /// Whether the box to sign out the tools is ticked.
    pub tools: bool,
}

pub fn wrong_current() -> Problems {
    Problems::default().with("current", "This is not your current password")
}

/// `GET /security/password`
pub async fn page(req: PageRequest) -> PageResult {
    form_page(&req, StatusCode::OK, Problems::default(), true).await
}

async fn form_page(req: &PageRequest, status: StatusCode, problems: Problems, tools: bool) -> PageResult {
    let nav = security_nav(req).await?;
    let Some((_, user)) = req.person() else { return Ok(req.redirect("/sign-in?because=ended")) };
    let page = ChangePasswordPage {
        shell: req.shell(),
        nav,
        problems,
        email: user.email.clone(),
        hint: password_hint(least(req)),
        tools,
    };
    Ok(req.page(status, &page))
}

/// Minimum length of a new password.
pub(super) fn least(req: &PageRequest) -> usize {
    req.app.config.sign_in.password_min.max(LEAST)
}

/// `POST /security/password`
pub async fn change(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "change-password").await?;
    let tools = form.get("tools").is_some();
    let Some((session, user)) = req.person().cloned() else {
        return Ok(req.redirect("/sign-in?because=ended"));
    };
    let missing = missing(&form);
    if !missing.is_empty() {
        return form_page(&req, StatusCode::UNPROCESSABLE_ENTITY, missing, tools).await;
    }
    let (problems, wait) = match prove(&req, &form, &user).await? {
        Proof::Right => (None, None),
        Proof::Wrong => (Some((StatusCode::UNPROCESSABLE_ENTITY, wrong_current())), None),
        Proof::Wait(seconds) => {
            (Some((StatusCode::TOO_MANY_REQUESTS, of_current(&too_many_tries(seconds)))), Some(seconds))
        }
        Proof::Busy => {
            (Some((StatusCode::SERVICE_UNAVAILABLE, of_current(&busy(BUSY_WAIT)))), Some(BUSY_WAIT))
        }
    };
    if let Some((status, problems)) = problems {
        return Ok(with_wait(form_page(&req, status, problems, tools).await?, wait));
    }
    let new_hash = match hash_new(&req, &form, &user).await? {
        Ok(hash) => hash,
        Err((status, problems)) => return form_page(&req, status, problems, tools).await,
    };
    let origin = req.browser.origin.clone();
    let wanted = PasswordChange { session, user, new_hash, tools, origin };
    let changed = req
        .app
        .write_or_refuse(move |app, work| password_change::change(work, &app.config, &app.master, wanted))
        .await;
    match TxError::settle(changed)? {
        Ok(session) => {
            let done = if tools { "password-changed-tools" } else { "password-changed" };
            Ok(req.redirect_with(&format!("/security?done={done}"), signed_in_cookies(&req.app, &session)))
        }
        Err(password_change::SessionEnded) => Ok(req.redirect("/sign-in?because=ended")),
    }
}

/// Problems of all empty fields.
fn missing(form: &Parameters) -> Problems {
    let fields = [("current", "Enter your current password"), ("password", "Enter a new password")];
    let empty = fields.into_iter().filter(|(field, _)| form.get(field).unwrap_or_default().is_empty());
    empty.fold(Problems::default(), |problems, (field, words)| problems.with(field, words))
}

/// The words of a problem of the sign-in form, at the field of this one.
fn of_current(problems: &Problems) -> Problems {
    problems.iter().fold(Problems::default(), |moved, problem| moved.with("current", problem.text.clone()))
}

async fn prove(req: &PageRequest, form: &Parameters, user: &User) -> Result<Proof, StoreError> {
    let app = &req.app;
    let attempt = SignInAttempt {
        email: user.email.clone(),
        password: Secret::new(form.get("current").unwrap_or_default()),
        known_device: Browser::known_device(app, &req.http),
        browser: req.browser.digest(),
        address: req.address,
        origin: req.browser.origin.clone(),
    };
    sign_in::prove(&app.store, &app.master, &app.passwords, attempt).await
}

/// The hash of the new password, or what is wrong with it.
async fn hash_new(
    req: &PageRequest,
    form: &Parameters,
    user: &User,
) -> Result<Result<String, (StatusCode, Problems)>, PageError> {
    let new = form.get("password").unwrap_or_default();
    if new == form.get("current").unwrap_or_default() {
        let same = Problems::default().with("password", "This is your current password. Choose another one");
        return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, same)));
    }
    match vet_and_hash(req, Secret::new(new), user).await {
        Ok(vetted) => Ok(vetted.map_err(|problems| (StatusCode::UNPROCESSABLE_ENTITY, problems))),
        Err(answer) => Err(answer.into()),
    }
}

/// Checks a new password of this user with the rules of the setup, and hashes it. `Err` is the page of a full queue.
pub(super) async fn vet_and_hash(
    req: &PageRequest,
    new: Secret,
    user: &User,
) -> Result<Result<String, Problems>, HttpResponse> {
    let context = [user.email.as_str(), &user.name, &req.app.config.brand.name].map(str::to_owned);
    let least = least(req);
    let vet = move |password: &Secret| {
        password::check_new(password.expose(), least, &context.each_ref().map(String::as_str))
    };
    let hashed = match req.app.passwords.reserve(req.address) {
        Ok(place) => place.vet_and_hash(new, vet, Entropy).await,
        Err(busy) => Err(busy),
    };
    match hashed {
        Ok(vetted) => Ok(vetted.map_err(|unfit| Problems::default().with("password", unfit.to_string()))),
        Err(HasherBusy) => Err(req.refuse(Refusal::TooManyTries { seconds: BUSY_WAIT })),
    }
}
