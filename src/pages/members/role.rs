//! `/o/{org}/members/{id}/role`: another role for a member.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::role::Role;
use crate::domain::scope::ScopeSet;
use crate::pages::credentials::choices::TickState;
use crate::pages::credentials::refused;
use crate::pages::members::list::{Subject, after, counted};
use crate::pages::shared::member::{ManagerRequest, Member, active_sessions, manager, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::members::{self, CountedMember};
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::{Conn, TxError};

#[derive(Template)]
#[template(path = "members/role.html")]
pub struct RolePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub member: Subject,
    /// "2 sessions, 1 key": what the change limits.
    pub credentials: String,
    pub roles: Vec<RoleOption>,
}

/// A role that the member may get, and what would change.
#[derive(Debug, Clone)]
pub struct RoleOption {
    pub id: String,
    pub description: String,
    pub tick: TickState,
    /// Permissions that fall away.
    pub loses: Vec<String>,
    /// Number of permissions that are added.
    pub gains: usize,
}

impl RolePage {
    fn list(&self) -> String {
        self.nav.members(&self.shell.base)
    }
}

impl RoleOption {
    fn of(actor: &OrgActor, req: &PageRequest, now: &str, chosen: &str, role: &Role) -> Self {
        let catalog = &req.app.config.catalog;
        let (had, has) = (catalog.held_by(now), catalog.held_by(&role.id));
        let ids = |scopes: ScopeSet| scopes.iter().map(str::to_owned).collect();
        let may = members::require_may_assign(actor, &req.app.config, &role.id).is_ok();
        Self {
            tick: if may { TickState::of(role.id == chosen) } else { TickState::Closed },
            id: role.id.clone(),
            description: role.description.clone(),
            loses: ids(had.difference(&has)),
            gains: has.difference(&had).len(),
        }
    }
}

/// `GET /o/{org}/members/{id}/role`: the choice with what falls away.
pub async fn page(
    ManagerRequest(req, member): ManagerRequest,
    path: web::Path<(String, String)>,
) -> PageResult {
    role_page(&req, &member, &path.1, None, Problems::default()).await
}

async fn role_page(
    req: &PageRequest,
    member: &Member,
    id: &str,
    chosen: Option<&str>,
    problems: Problems,
) -> PageResult {
    let (actor, wanted, now) = (member.actor(req), id.to_owned(), req.app.now());
    let found = req.app.store.read_or_refuse(move |conn: &mut Conn| {
        let counted = members::find(conn, &actor, &wanted, now)?;
        members::require_may_change(&actor, &counted.member)?;
        Ok(counted)
    });
    let CountedMember { member: subject, credentials } =
        TxError::settle(found.await)?.map_err(|refusal| refused::page(req, member, refusal))?;
    let (actor, chosen) = (member.actor(req), chosen.unwrap_or(&subject.role));
    let option = |role| RoleOption::of(&actor, req, &subject.role, chosen, role);
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = RolePage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::Members, active_sessions(req, member).await?),
        problems,
        roles: req.app.config.roles.iter().map(option).collect(),
        credentials: counted(credentials),
        member: Subject::of(&subject),
    };
    Ok(req.page(status, &page))
}

/// `POST /o/{org}/members/{id}/role`
pub async fn save(req: PageRequest, path: web::Path<(String, String)>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "member-role").await?;
    let (slug, id) = path.into_inner();
    let member = manager(&req, &slug).await?;
    let (actor, wanted) = (member.actor(&req), id.clone());
    let role = form.get("role").unwrap_or_default().to_owned();
    let saved = req
        .app
        .write_or_refuse(move |app, work| members::set_role(work, &app.config, &actor, &wanted, &role));
    match TxError::settle(saved.await)? {
        Ok(_) => Ok(req.redirect(&after(&slug, "role-saved"))),
        Err(ServiceRefusal::Invalid { .. }) => {
            let problems = Problems::default().with("role", "Choose one of these roles");
            role_page(&req, &member, &id, form.get("role"), problems).await
        }
        Err(refusal) => Ok(refused::page(&req, &member, refusal)),
    }
}
