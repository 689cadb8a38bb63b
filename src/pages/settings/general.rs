//! `/o/{org}/settings`: names, join links and the deletion of an organization, for owners.

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
use crate::services::organization_rename::{self, NewNames};
use crate::services::refusal::ServiceRefusal;
use crate::services::{join_links, organization_names};
use crate::store::{StoreError, TxError};

#[derive(Template)]
#[template(path = "settings/general.html")]
pub struct GeneralPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub name: String,
    pub slug: String,
    /// The beginning of its addresses: "auth.example.com/o/".
    pub beginning: String,
    pub join_links: JoinLinks,
}

/// The switch for join links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinLinks {
    /// This server has none.
    Impossible,
    Off,
    /// With the number of open ones.
    On(usize),
}

impl GeneralPage {
    fn path(&self) -> String {
        self.nav.general(&self.shell.base)
    }
}

/// `GET /o/{org}/settings`
pub async fn general(OwnerRequest(req, member): OwnerRequest) -> PageResult {
    let names = NewNames { name: member.organization.name.clone(), slug: member.organization.slug.clone() };
    page(&req, &member, names, Problems::default()).await
}

async fn page(req: &PageRequest, member: &Member, typed: NewNames, problems: Problems) -> PageResult {
    let (org_id, now) = (member.organization.id.clone(), req.app.now());
    let open = req.app.store.read(move |conn| join_links::open(conn, &org_id, now)).await?.len();
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shell = req.shell();
    let page = GeneralPage {
        beginning: format!("{}{}/o/", shell.host, shell.base),
        shell,
        nav: nav(req, member, NavItem::General, active_sessions(req, member).await?),
        problems,
        name: typed.name,
        slug: typed.slug,
        join_links: match (join_links::are_possible(&req.app.config), member.organization.join_links) {
            (false, _) => JoinLinks::Impossible,
            (true, false) => JoinLinks::Off,
            (true, true) => JoinLinks::On(open),
        },
    };
    Ok(req.page(status, &page))
}

/// `POST /o/{org}/settings`: name and short name.
pub async fn rename(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "rename-organization").await?;
    let member = owners_act(&req, &slug).await?;
    let field = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let typed = NewNames { name: field("name"), slug: field("slug").to_lowercase() };
    let (actor, new) = (member.actor(&req), typed.clone());
    let renamed = req
        .app
        .write_or_refuse(move |app, work| organization_rename::rename(work, &app.config, &actor, &new));
    let refusal = match TxError::settle(renamed.await) {
        Ok(Ok(organization)) => {
            let path = format!("/o/{}/settings?done=organization-renamed", organization.slug);
            return Ok(req.redirect(&path));
        }
        Ok(Err(refusal)) => refusal,
        // Taken at the same moment.
        Err(StoreError::Conflict(_)) => organization_names::taken(),
        Err(error @ (StoreError::Unavailable(_) | StoreError::Failed(_))) => return Err(error.into()),
    };
    match refusal {
        ServiceRefusal::Invalid { .. } => page(&req, &member, typed, field_problem(&refusal)).await,
        refusal => Ok(refused::page(&req, &member, refusal)),
    }
}
