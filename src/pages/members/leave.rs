//! `/o/{org}/leave`: the end of one's own membership.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::pages::credentials::refused;
use crate::pages::members::list::counted;
use crate::pages::shared::member::{MemberRequest, OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::members;
use crate::store::{Conn, TxError};

#[derive(Template)]
#[template(path = "members/leave.html")]
pub struct LeavePage {
    pub shell: Shell,
    pub nav: Nav,
    /// "2 sessions, 1 key": what ends.
    pub credentials: String,
}

impl LeavePage {
    fn path(&self) -> String {
        format!("{}/o/{}/leave", self.shell.base, self.nav.slug)
    }

    fn list(&self) -> String {
        self.nav.members(&self.shell.base)
    }
}

/// `GET /o/{org}/leave`: what ends.
pub async fn page(MemberRequest(req, member): MemberRequest) -> PageResult {
    let (org_id, user_id, now) = (member.organization.id.clone(), member.user_id.clone(), req.app.now());
    let credentials = req
        .app
        .store
        .read(move |conn: &mut Conn| members::own_credentials(conn, &org_id, &user_id, now))
        .await?;
    let page = LeavePage {
        shell: req.shell(),
        nav: nav(&req, &member, NavItem::Members, active_sessions(&req, &member).await?),
        credentials: counted(credentials),
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// `POST /o/{org}/leave`
pub async fn leave(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    req.form(payload, "leave").await?;
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let actor = member.actor(&req);
    let left = req.app.write_or_refuse(move |app, work| members::leave(work, &app.config, &actor));
    Ok(match TxError::settle(left.await)? {
        Ok(_) => req.redirect("/?done=left"),
        Err(refusal) => refused::page(&req, &member, refusal),
    })
}
