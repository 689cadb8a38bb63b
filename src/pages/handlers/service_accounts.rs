//! `/o/{org}/service-accounts`: the list, and making one.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use super::account::query;
use super::member::{Member, Which, active_sessions, member, nav};
use super::visit::{Stop, Visit, visit};
use super::{paging, refused};
use crate::domain::management::SERVICE_ACCOUNTS_MANAGE;
use crate::domain::role::Role;
use crate::pages::choices::Tick;
use crate::pages::nav::Place;
use crate::pages::problems::Problems;
use crate::pages::service_accounts::{Account, NewServiceAccountPage, RoleChoice, ServiceAccountsPage};
use crate::pages::sessions::Pager;
use crate::pages::text::{self, Moment};
use crate::services::service_accounts::{self, Made, NewServiceAccount};
use crate::web::app::App;
use crate::web::cursor;

/// `GET /o/{org}/service-accounts`: the newest first.
pub async fn list(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Slug(&slug)).await?;
        let (acting, after) = (member.acting(visit), query(visit).get("cursor").and_then(cursor::read));
        let first = after.is_none();
        let limit = paging::limit();
        let read = move |conn: &mut _| service_accounts::list(conn, &acting, after.as_ref(), limit);
        let mut accounts = match visit.app.store.read(read).await? {
            Ok(accounts) => accounts,
            Err(refusal) => return Ok(refused::page(visit, &member, refusal)),
        };
        let nav = nav(visit, &member, Place::ServiceAccounts, active_sessions(visit, &member).await?);
        let path = nav.service_accounts(visit.base());
        let next = paging::cut(&mut accounts, |made| (made.account.created_at, made.account.id.as_str()));
        let older = next.map(|cursor| format!("{path}?cursor={cursor}"));
        let pager = Pager { newer: (!first).then_some(path), older };
        let accounts = accounts.into_iter().map(shown).collect();
        let page = ServiceAccountsPage { shell: visit.shell(), nav, accounts, pager };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

/// A service account as its pages show it.
pub(super) fn shown(Made { account, creator_name }: Made) -> Account {
    Account {
        id: account.id,
        name: text::name(&account.name),
        purpose: account.purpose,
        role: account.role,
        created_by: creator_name.map(|name| text::name(&name)),
        created_at: Moment::minute(account.created_at.utc()),
        disabled_at: account.disabled_at.map(|at| Moment::minute(at.utc())),
    }
}

/// Every role, with those closed that the person cannot give.
pub(super) fn roles(visit: &Visit, member: &Member, chosen: &str) -> Vec<RoleChoice> {
    let (config, acting) = (&visit.app.config, member.acting(visit));
    let choice = |role: &Role| RoleChoice {
        tick: if acting.reaches(&config.catalog, &role.id).is_ok() {
            Tick::of(role.id == chosen)
        } else {
            Tick::Closed
        },
        id: role.id.clone(),
        description: role.description.clone(),
    };
    config.roles.iter().map(choice).collect()
}

/// `GET /o/{org}/service-accounts/new`
pub async fn new(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Slug(&slug)).await?;
        let new = NewServiceAccount { name: String::new(), purpose: String::new(), role: String::new() };
        new_page(visit, &member, new, Problems::default()).await
    })
    .await
}

async fn new_page(
    visit: &Visit,
    member: &Member,
    typed: NewServiceAccount,
    problems: Problems,
) -> Result<HttpResponse, Stop> {
    if let Err(refusal) = member.acting(visit).require(SERVICE_ACCOUNTS_MANAGE) {
        return Ok(refused::page(visit, member, refusal));
    }
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = NewServiceAccountPage {
        shell: visit.shell(),
        nav: nav(visit, member, Place::ServiceAccounts, active_sessions(visit, member).await?),
        problems,
        roles: roles(visit, member, &typed.role),
        name: typed.name,
        purpose: typed.purpose,
    };
    Ok(visit.page(status, &page))
}

/// `POST /o/{org}/service-accounts/new`
pub async fn create(
    app: web::Data<App>,
    request: HttpRequest,
    slug: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        let form = visit.form(payload, "new-service-account").await?;
        let member = member(visit, Which::Slug(&slug)).await?;
        let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
        let new = NewServiceAccount { name: field("name"), purpose: field("purpose"), role: field("role") };
        let missing = missing(&new);
        if !missing.is_empty() {
            return new_page(visit, &member, new, missing).await;
        }
        let (acting, wanted) = (member.acting(visit), new.clone());
        let created =
            visit.app.write(move |app, work| service_accounts::create(work, &app.config, &acting, &wanted));
        match created.await? {
            Ok(made) => {
                let id = made.account.id;
                Ok(visit.go(&format!("/o/{slug}/service-accounts/{id}?done=service-account-created")))
            }
            Err(refusal) => match refused::problems(refusal) {
                Ok(problems) => new_page(visit, &member, new, problems).await,
                Err(refusal) => Ok(refused::page(visit, &member, refusal)),
            },
        }
    })
    .await
}

/// Everything that was left out, at once.
fn missing(new: &NewServiceAccount) -> Problems {
    let fields = [
        ("name", &new.name, "Enter a name"),
        ("purpose", &new.purpose, "Say what it is for"),
        ("role", &new.role, "Choose a role"),
    ];
    let empty = fields.into_iter().filter(|(_, text, _)| text.trim().is_empty());
    empty.fold(Problems::default(), |problems, (field, _, words)| problems.with(field, words))
}
