//! `/o/{org}/service-accounts/new`: a new service account.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::management::SERVICE_ACCOUNTS_MANAGE;
use crate::domain::role::Role;
use crate::pages::credentials::choices::TickState;
use crate::pages::credentials::refused;
use crate::pages::shared::member::{
    Member, MemberRequest, OrganizationSelector, active_sessions, member, nav,
};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::service_accounts::{self, NewServiceAccount};
use crate::store::TxError;

#[derive(Template)]
#[template(path = "service_accounts/new.html")]
pub struct NewServiceAccountPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub name: String,
    pub purpose: String,
    pub roles: Vec<RoleChoice>,
}

/// A role that a service account may have.
#[derive(Debug, Clone)]
pub struct RoleChoice {
    pub id: String,
    pub description: String,
    pub tick: TickState,
}

impl NewServiceAccountPage {
    fn list(&self) -> String {
        self.nav.service_accounts(&self.shell.base)
    }
}

/// All roles; those that the user cannot grant are disabled.
pub(in crate::pages) fn roles(req: &PageRequest, member: &Member, chosen: &str) -> Vec<RoleChoice> {
    let (config, actor) = (&req.app.config, member.actor(req));
    let choice = |role: &Role| RoleChoice {
        tick: if actor.require_not_outranked(&config.catalog, &role.id).is_ok() {
            TickState::of(role.id == chosen)
        } else {
            TickState::Closed
        },
        id: role.id.clone(),
        description: role.description.clone(),
    };
    config.roles.iter().map(choice).collect()
}

/// `GET /o/{org}/service-accounts/new`
pub async fn new(MemberRequest(req, member): MemberRequest) -> PageResult {
    let new = NewServiceAccount { name: String::new(), purpose: String::new(), role: String::new() };
    new_page(&req, &member, new, Problems::default()).await
}

async fn new_page(
    req: &PageRequest,
    member: &Member,
    typed: NewServiceAccount,
    problems: Problems,
) -> PageResult {
    if let Err(refusal) = member.actor(req).require(SERVICE_ACCOUNTS_MANAGE) {
        return Ok(refused::page(req, member, refusal));
    }
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = NewServiceAccountPage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::ServiceAccounts, active_sessions(req, member).await?),
        problems,
        roles: roles(req, member, &typed.role),
        name: typed.name,
        purpose: typed.purpose,
    };
    Ok(req.page(status, &page))
}

/// `POST /o/{org}/service-accounts/new`
pub async fn create(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "new-service-account").await?;
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let new = NewServiceAccount { name: field("name"), purpose: field("purpose"), role: field("role") };
    let missing = missing(&new);
    if !missing.is_empty() {
        return new_page(&req, &member, new, missing).await;
    }
    let (actor, wanted) = (member.actor(&req), new.clone());
    let created = req
        .app
        .write_or_refuse(move |app, work| service_accounts::create(work, &app.config, &actor, &wanted));
    match TxError::settle(created.await)? {
        Ok(made) => {
            let id = made.account.id;
            Ok(req.redirect(&format!("/o/{slug}/service-accounts/{id}?done=service-account-created")))
        }
        Err(refusal) => match refused::problems(refusal) {
            Ok(problems) => new_page(&req, &member, new, problems).await,
            Err(refusal) => Ok(refused::page(&req, &member, refusal)),
        },
    }
}

/// Problems of all missing fields.
fn missing(new: &NewServiceAccount) -> Problems {
    let fields = [
        ("name", &new.name, "Enter a name"),
        ("purpose", &new.purpose, "Say what it is for"),
        ("role", &new.role, "Choose a role"),
    ];
    let empty = fields.into_iter().filter(|(_, text, _)| text.trim().is_empty());
    empty.fold(Problems::default(), |problems, (field, _, words)| problems.with(field, words))
}
