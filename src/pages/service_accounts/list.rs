//! `/o/{org}/service-accounts`: the service accounts of an organization.

use actix_web::http::StatusCode;
use askama::Template;

use crate::pages::credentials::refused;
use crate::pages::sessions::list::Pager;
use crate::pages::shared::member::{MemberRequest, active_sessions, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::paging;
use crate::pages::shared::request::PageResult;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::pages::shared::urls::query;
use crate::services::service_accounts::{self, AccountWithCreator};
use crate::store::TxError;
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
    pub created_at: DisplayTime,
    pub disabled_at: Option<DisplayTime>,
}

impl ServiceAccountsPage {
    fn path(&self) -> String {
        self.nav.service_accounts(&self.shell.base)
    }
}

/// `GET /o/{org}/service-accounts`: the newest first.
pub async fn list(MemberRequest(req, member): MemberRequest) -> PageResult {
    let (actor, after) = (member.actor(&req), query(&req).get("cursor").and_then(cursor::read));
    let first = after.is_none();
    let limit = paging::limit();
    let read = move |conn: &mut _| service_accounts::list(conn, &actor, after.as_ref(), limit);
    let mut accounts = match TxError::settle(req.app.store.read_or_refuse(read).await)? {
        Ok(accounts) => accounts,
        Err(refusal) => return Ok(refused::page(&req, &member, refusal)),
    };
    let nav = nav(&req, &member, NavItem::ServiceAccounts, active_sessions(&req, &member).await?);
    let path = nav.service_accounts(req.base());
    let next = paging::cut(&mut accounts, |made| (made.account.created_at, made.account.id.as_str()));
    let older = next.map(|cursor| format!("{path}?cursor={cursor}"));
    let pager = Pager { newer: (!first).then_some(path), older };
    let accounts = accounts.into_iter().map(shown).collect();
    let page = ServiceAccountsPage { shell: req.shell(), nav, accounts, pager };
    Ok(req.page(StatusCode::OK, &page))
}

/// View of a service account.
pub(in crate::pages) fn shown(AccountWithCreator { account, creator_name }: AccountWithCreator) -> Account {
    Account {
        id: account.id,
        name: text::name(&account.name),
        purpose: account.purpose,
        role: account.role,
        created_by: creator_name.map(|name| text::name(&name)),
        created_at: DisplayTime::minute(account.created_at.utc()),
        disabled_at: account.disabled_at.map(|at| DisplayTime::minute(at.utc())),
    }
}
