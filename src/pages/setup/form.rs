//! `/setup`: the first organization and its owner.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::entropy::Entropy;
use crate::domain::parameters::Parameters;
use crate::domain::secret::Secret;
use crate::domain::{email, password};
use crate::keys::hashing::HasherBusy;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::services::accounts::{MAX_NAME, NewUser};
use crate::services::setup::{self, SetupRefusal};
use crate::services::sign_in;
use crate::store::TxError;
use crate::web::browser::signed_in_cookies;

#[derive(Template)]
#[template(path = "setup/form.html")]
pub struct SetupPage {
    pub shell: Shell,
    pub problems: Problems,
    pub code: String,
    pub name: String,
    pub email: String,
    pub organization: String,
    /// See [`password_hint`].
    pub password_hint: String,
}

#[derive(Template)]
#[template(path = "setup/done.html")]
pub struct SetupDonePage {
    pub shell: Shell,
    pub organization: String,
    pub login_command: String,
}

/// Hint about the password length.
pub fn password_hint(least: usize) -> String {
    format!(
        "At least {}. A few words in a row are fine.",
        text::count(i64::try_from(least).unwrap_or(i64::MAX), "character", "characters")
    )
}

/// One message for a wrong, used or ended code.
pub fn wrong_code() -> Problems {
    Problems::default().with("code", "That is not the setup code. The newest one is in the server log")
}

/// `GET /setup`
pub async fn setup_page(req: PageRequest) -> PageResult {
    if !req.app.store.read(setup::is_open).await? {
        return Ok(req.refuse(Refusal::NotFound));
    }
    Ok(req.page(StatusCode::OK, &form_page(&req, &Parameters::default(), Problems::default())))
}

/// `POST /setup`
pub async fn set_up(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "setup").await?;
    let filled = match SetupFields::check(&form) {
        Ok(filled) => filled,
        Err(problems) => return Ok(redisplay(&req, &form, problems)),
    };
    complete(&req, &form, filled).await
}

/// A complete form. The setup code is not checked yet.
struct SetupFields {
    code: String,
    name: String,
    email: String,
    password: Secret,
    organization: String,
}

impl SetupFields {
    fn check(form: &Parameters) -> Result<Self, Problems> {
        let text = |field: &str| form.get(field).unwrap_or_default().trim().to_owned();
        let (name, organization, typed) = (text("name"), text("organization"), text("email"));
        let password = Secret::new(form.get("password").unwrap_or_default());
        let mut problems = Problems::default();
        let named = |name: &str| !name.is_empty() && name.chars().count() <= MAX_NAME;
        if !named(&name) {
            problems = problems.with("name", "Enter your name, at most 100 characters");
        }
        let address = email::canonical(&typed);
        if address.is_none() {
            problems = problems.with("email", "Enter an email address, like ada@example.com");
        }
        if !named(&organization) {
            problems =
                problems.with("organization", "Enter the name of your organization, at most 100 characters");
        }
        match address {
            Some(email) if problems.is_empty() => {
                Ok(Self { code: text("code"), name, email, password, organization })
            }
            Some(_) | None => Err(problems),
        }
    }
}

async fn complete(req: &PageRequest, form: &Parameters, filled: SetupFields) -> PageResult {
    let SetupFields { code, name, email, password, organization } = filled;
    let (app, now, typed) = (req.app.clone(), req.app.now(), code.clone());
    // Before the password is checked and hashed, which is expensive; anyone can send this form.
    if !req.app.store.read(move |conn| setup::is_setup_code(conn, &app.master, &typed, now)).await? {
        return Ok(redisplay(req, form, wrong_code()));
    }
    let settings = &req.app.config;
    let context = [email.as_str(), &name, &organization, &settings.brand.name].map(str::to_owned);
    let least = settings.sign_in.password_min;
    let vet = move |password: &Secret| {
        password::check_new(password.expose(), least, &context.each_ref().map(String::as_str))
    };
    let hashed = match req.app.passwords.reserve(req.address) {
        Ok(place) => place.vet_and_hash(password, vet, Entropy).await,
        Err(busy) => Err(busy),
    };
    let password_hash = match hashed {
        Ok(Ok(hash)) => hash,
        Ok(Err(unfit)) => {
            return Ok(redisplay(req, form, Problems::default().with("password", unfit.to_string())));
        }
        Err(HasherBusy) => return Ok(req.refuse(Refusal::TooManyTries { seconds: 2 })),
    };
    let owner = NewUser { email, name, password_hash };
    let (browser, origin) = (req.browser.digest(), req.browser.origin.clone());
    let done = req.app.write_or_refuse(move |app, work| {
        let (user, organization) = setup::complete(work, &app.master, &code, owner, &organization, &origin)?;
        let session = sign_in::start_for(work, &app.config, &app.master, user, browser, &origin)?;
        Ok((session, organization))
    });
    match TxError::settle(done.await)? {
        Ok((session, organization)) => {
            let page = SetupDonePage {
                shell: req.shell(),
                organization: organization.name,
                login_command: req.app.config.brand.login_command.clone(),
            };
            let mut answer = req.page(StatusCode::OK, &page);
            for cookie in signed_in_cookies(&req.app, &session) {
                drop(answer.add_cookie(&cookie));
            }
            Ok(answer)
        }
        Err(SetupRefusal::WrongCode) => Ok(redisplay(req, form, wrong_code())),
        Err(SetupRefusal::Done) => Ok(req.refuse(Refusal::NotFound)),
    }
}

fn redisplay(req: &PageRequest, form: &Parameters, problems: Problems) -> HttpResponse {
    req.page(StatusCode::UNPROCESSABLE_ENTITY, &form_page(req, form, problems))
}

fn form_page(req: &PageRequest, form: &Parameters, problems: Problems) -> SetupPage {
    let text = |field: &str| form.get(field).unwrap_or_default().to_owned();
    SetupPage {
        shell: req.shell(),
        problems,
        code: text("code"),
        name: text("name"),
        email: text("email"),
        organization: text("organization"),
        password_hint: password_hint(req.app.config.sign_in.password_min),
    }
}
