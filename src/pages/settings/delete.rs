//! `/o/{org}/settings/delete`: the end of an organization.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::pages::credentials::refused;
use crate::pages::organizations::new::field_problem;
use crate::pages::shared::member::{Member, OwnerRequest, active_sessions, nav, owners_act};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::services::organization_deletion::{self, Ending};
use crate::services::refusal::ServiceRefusal;
use crate::store::TxError;

#[derive(Template)]
#[template(path = "settings/delete.html")]
pub struct DeletePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub ending: Ending,
}

impl DeletePage {
    fn path(&self) -> String {
        format!("{}/delete", self.nav.general(&self.shell.base))
    }

    /// What ends, with numbers.
    fn counted(&self) -> [(&'static str, String); 5] {
        let Ending { members, sessions, personal_tokens, keys, service_accounts } = self.ending;
        [
            ("Members", members),
            ("CLI sessions", sessions),
            ("Personal tokens", personal_tokens),
            ("API keys", keys),
            ("Service accounts", service_accounts),
        ]
        .map(|(label, count)| (label, text::number(count)))
    }
}

/// `GET /o/{org}/settings/delete`: what ends.
pub async fn page(OwnerRequest(req, member): OwnerRequest) -> PageResult {
    delete_page(&req, &member, Problems::default()).await
}

async fn delete_page(req: &PageRequest, member: &Member, problems: Problems) -> PageResult {
    let (org_id, now) = (member.organization.id.clone(), req.app.now());
    let ending = req.app.store.read(move |conn| organization_deletion::ending(conn, &org_id, now)).await?;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = DeletePage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::General, active_sessions(req, member).await?),
        problems,
        ending,
    };
    Ok(req.page(status, &page))
}

/// `POST /o/{org}/settings/delete`
pub async fn delete(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "delete-organization").await?;
    let member = owners_act(&req, &slug).await?;
    let (actor, typed) = (member.actor(&req), form.get("confirmation").unwrap_or_default().to_owned());
    let deleted = req
        .app
        .write_or_refuse(move |app, work| organization_deletion::delete(work, &app.config, &actor, &typed));
    match TxError::settle(deleted.await)? {
        Ok(_) => Ok(req.redirect("/organizations?done=organization-deleted")),
        Err(refusal @ ServiceRefusal::Invalid { .. }) => {
            delete_page(&req, &member, field_problem(&refusal)).await
        }
        Err(refusal) => Ok(refused::page(&req, &member, refusal)),
    }
}
