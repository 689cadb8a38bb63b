//! `/o/{org}/service-accounts`: the service accounts of an organization.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::pages::credentials::refused;
use crate::pages::records::paging;
use crate::pages::sessions::list::Pager;
use crate::pages::shared::member::{Which, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, Place};
use crate::pages::shared::request::visit;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, Moment};
use crate::pages::shared::urls::query;
use crate::services::service_accounts::{self, Made};
use crate::web::app::App;
use crate::web::cursor;

#[derive(Template)]
#[template(path = "service_accounts/list.html")]
pub struct ServiceAccountsPage {
    pub shell: Shell,
    pub nav: Nav,
    pub accounts: Vec<Account>,
    pub pager: Pager,
}

/// A service account.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub purpose: String,
    pub role: String,
    pub created_by: Option<String>,
    pub created_at: Moment,
    pub disabled_at: Option<Moment>,
}

impl ServiceAccountsPage {
    fn path(&self) -> String {
        self.nav.service_accounts(&self.shell.base)
    }
}

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
pub(in crate::pages) fn shown(Made { account, creator_name }: Made) -> Account {
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
