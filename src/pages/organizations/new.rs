//! `/organizations/new`: a new organization, of which the user becomes the owner.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::organization;
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::organization_creation::{self, CreationRefusal, limit_words};
use crate::services::organization_names;
use crate::services::refusal::ServiceRefusal;
use crate::store::{StoreError, TxError};

#[derive(Template)]
#[template(path = "organizations/new.html")]
pub struct NewOrganizationPage {
    pub shell: Shell,
    pub problems: Problems,
    pub name: String,
    pub slug: String,
    /// The beginning of its addresses: "auth.example.com/o/".
    pub beginning: String,
    pub checked: Option<Checked>,
}

/// What the check of a short name found, if nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    Free,
    /// It was made of the name.
    Proposed,
}

/// The form as it was sent.
#[derive(Default)]
struct Typed {
    name: String,
    slug: String,
}

/// `GET /organizations/new`
pub async fn form_page(req: PageRequest) -> PageResult {
    if let Some(refusal) = closed(&req) {
        return Ok(refusal);
    }
    Ok(page(&req, &Typed::default(), Problems::default(), None))
}

/// The response to a user who cannot make an organization.
fn closed(req: &PageRequest) -> Option<HttpResponse> {
    if req.person().is_none() {
        return Some(req.redirect("/sign-in?request=organization"));
    }
    (!organization_creation::users_may(&req.app.config)).then(|| req.refuse(Refusal::NoCreation))
}

fn page(req: &PageRequest, typed: &Typed, problems: Problems, checked: Option<Checked>) -> HttpResponse {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shell = req.shell();
    let page = NewOrganizationPage {
        beginning: format!("{}{}/o/", shell.host, shell.base),
        shell,
        problems,
        name: typed.name.clone(),
        slug: typed.slug.clone(),
        checked,
    };
    req.page(status, &page)
}

/// `POST /organizations/new`: checks the short name, or creates the organization.
pub async fn create(req: PageRequest, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "new-organization").await?;
    if let Some(refusal) = closed(&req) {
        return Ok(refusal);
    }
    let field = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let mut typed = Typed { name: field("name"), slug: field("slug").to_lowercase() };
    if let Err(refusal) = organization_names::check_name(&typed.name) {
        return Ok(page(&req, &typed, field_problem(&refusal), None));
    }
    if typed.slug.is_empty() {
        let (name, now) = (typed.name.clone(), req.app.now());
        typed.slug = req.app.store.read(move |conn| organization_names::propose(conn, &name, now)).await?;
        return Ok(page(&req, &typed, Problems::default(), Some(Checked::Proposed)));
    }
    match form.get("act") {
        Some("create") => submit(&req, typed).await,
        _ => check(&req, &typed).await,
    }
}

async fn check(req: &PageRequest, typed: &Typed) -> PageResult {
    if let Err(unfit) = organization::check(&typed.slug) {
        let problem = field_problem(&ServiceRefusal::invalid("slug", unfit.to_string()));
        return Ok(page(req, typed, problem, None));
    }
    let (slug, now) = (typed.slug.clone(), req.app.now());
    let taken = req.app.store.read(move |conn| organization_names::is_taken(conn, &slug, now)).await?;
    Ok(if taken {
        page(req, typed, field_problem(&organization_names::taken()), None)
    } else {
        page(req, typed, Problems::default(), Some(Checked::Free))
    })
}

async fn submit(req: &PageRequest, typed: Typed) -> PageResult {
    let Some((session, _)) = req.person() else { return Ok(req.redirect("/sign-in?request=organization")) };
    let (user_id, origin) = (session.user_id.clone(), req.browser.origin.clone());
    let (name, slug) = (typed.name.clone(), typed.slug.clone());
    let created = req.app.write_or_refuse(move |app, work| {
        organization_creation::create(work, &app.config, &user_id, &name, &slug, &origin)
    });
    let refusal = match TxError::settle(created.await) {
        Ok(Ok(organization)) => {
            return Ok(req.redirect(&format!("/o/{}/members?done=organization-created", organization.slug)));
        }
        Ok(Err(refusal)) => refusal,
        // Taken at the same moment.
        Err(StoreError::Conflict(_)) => CreationRefusal::Field(organization_names::taken()),
        Err(error @ (StoreError::Unavailable(_) | StoreError::Failed(_))) => return Err(error.into()),
    };
    Ok(match refusal {
        CreationRefusal::NotAllowed => req.refuse(Refusal::NoCreation),
        CreationRefusal::Field(refusal) => page(req, &typed, field_problem(&refusal), None),
        limit @ (CreationRefusal::TooMany | CreationRefusal::TooManyNow) => {
            let words = limit_words(&limit).unwrap_or_default();
            let mut answer = page(req, &typed, Problems::default().with("name", words), None);
            *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            answer
        }
    })
}

/// The problem of the field that a refusal is about.
pub(in crate::pages) fn field_problem(refusal: &ServiceRefusal) -> Problems {
    match refusal {
        ServiceRefusal::Invalid { field, message } => {
            Problems::default().with(field, message.trim_end_matches('.').to_owned())
        }
        ServiceRefusal::Credential(_)
        | ServiceRefusal::NotFound(_)
        | ServiceRefusal::MissingScopes(_)
        | ServiceRefusal::Forbidden { .. }
        | ServiceRefusal::Ended(_)
        | ServiceRefusal::LastOwner { .. } => Problems::default(),
    }
}
