//! `/o/{org}/audit/uses`: single uses of credentials.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::audit::export::Names;
use crate::domain::usage::UseOutcome;
use crate::pages::records::audit::{self, PAGE};
use crate::pages::sessions::list::Pager;
use crate::pages::shared::member::{ManagerRequest, active_sessions, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::request::PageResult;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::pages::shared::urls::query;
use crate::services::usage;
use crate::store::usage_events::UsageEvent;
use crate::web::audit_query;

#[derive(Template)]
#[template(path = "records/uses.html")]
pub struct UsesPage {
    pub shell: Shell,
    pub nav: Nav,
    pub filter: UseFilter,
    pub rows: Vec<UseRow>,
    pub pager: Pager,
    pub continued: bool,
    /// Retention, "90 days"; `None` if uses are not logged.
    pub kept: Option<String>,
}

/// Filters as entered.
#[derive(Debug, Clone, Default)]
pub struct UseFilter {
    pub credential: String,
    pub outcome: Option<UseOutcome>,
    pub since: String,
    pub until: String,
}

/// One use of a credential.
#[derive(Debug, Clone)]
pub struct UseRow {
    pub at: DisplayTime,
    pub credential: String,
    pub credential_id: String,
    pub owner: String,
    pub endpoint: String,
    pub outcome: UseOutcome,
    pub status: i64,
    pub address: Option<String>,
}

impl UsesPage {
    fn path(&self) -> String {
        format!("{}/o/{}/audit/uses", self.shell.base, self.nav.slug)
    }

    fn events(&self) -> String {
        format!("{}/o/{}/audit", self.shell.base, self.nav.slug)
    }

    fn outcomes(&self) -> [(&'static str, &'static str, bool); 2] {
        [(UseOutcome::Allowed, "Allowed"), (UseOutcome::Denied, "Denied")]
            .map(|(outcome, word)| (outcome.as_str(), word, self.filter.outcome == Some(outcome)))
    }
}

/// `GET /o/{org}/audit/uses`
pub async fn uses(ManagerRequest(req, member): ManagerRequest, slug: web::Path<String>) -> PageResult {
    let query = query(&req);
    let read =
        audit_query::uses(&query).and_then(|filter| Ok((filter, audit_query::read_use_cursor(&query)?)));
    let (filter, place) = match read {
        Ok(read) => read,
        Err(bad) => return Ok(audit::refused(&req, bad)),
    };
    let (org_id, outcome, continued) = (member.organization.id.clone(), filter.outcome, place.is_some());
    let read = move |conn: &mut _| usage::page(conn, &org_id, &filter, place.as_ref(), PAGE);
    let page = req.app.store.report(read).await?;
    let active = active_sessions(&req, &member).await?;
    let path = format!("{}/o/{slug}/audit/uses", req.base());
    let last = page.uses.last().filter(|_| page.more);
    let older = last.map(|used| audit::next_page(&path, &query, &audit_query::use_cursor(used.at, &used.id)));
    let page = UsesPage {
        shell: req.shell(),
        nav: nav(&req, &member, NavItem::AuditLog, active),
        filter: UseFilter {
            credential: audit::typed(&query, "credential"),
            outcome,
            since: audit::day(&query, "since"),
            until: audit::day(&query, "until"),
        },
        rows: page.uses.iter().map(|used| use_row(used, &page.names)).collect(),
        pager: Pager { newer: None, older },
        continued,
        kept: req.app.config.audit.log_uses.then(|| text::duration(req.app.config.audit.keep_uses)),
    };
    Ok(req.page(StatusCode::OK, &page))
}

fn use_row(used: &UsageEvent, names: &Names) -> UseRow {
    let name = |id: &String| names.get(id).map_or_else(|| id.clone(), |name| text::name(name));
    let owner = used.user_id.as_ref().or(used.service_account_id.as_ref());
    UseRow {
        at: DisplayTime::second(used.at.utc()),
        credential: name(&used.credential_id),
        credential_id: used.credential_id.clone(),
        owner: owner.map_or_else(|| "the organization".to_owned(), name),
        endpoint: used.endpoint.clone(),
        outcome: used.outcome,
        status: used.status,
        address: used.ip.clone(),
    }
}
