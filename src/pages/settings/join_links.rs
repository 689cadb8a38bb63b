//! `/o/{org}/settings/join-links`: the switch for join links, and new ones.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::join_link::ROLES;
use crate::domain::role;
use crate::domain::secret::Secret;
use crate::pages::credentials::choices::TickState;
use crate::pages::credentials::refused;
use crate::pages::organizations::new::field_problem;
use crate::pages::service_accounts::new::RoleChoice;
use crate::pages::shared::member::{Member, OwnerRequest, active_sessions, manager, nav, owners_act};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::DisplayTime;
use crate::services::join_links::{self, IssuedLink, NewLink};
use crate::services::refusal::ServiceRefusal;
use crate::store::TxError;

#[derive(Template)]
#[template(path = "settings/new_join_link.html")]
pub struct NewJoinLinkPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub roles: Vec<RoleChoice>,
    pub days: String,
    pub uses: String,
    pub domains: String,
}

/// The link, which is shown only here.
#[derive(Template)]
#[template(path = "settings/join_link.html")]
pub struct JoinLinkPage {
    pub shell: Shell,
    pub nav: Nav,
    pub link: Secret,
    pub role: String,
    pub uses: i64,
    pub until: DisplayTime,
    /// Empty: any.
    pub domains: String,
}

impl NewJoinLinkPage {
    fn path(&self) -> String {
        format!("{}/join-links/new", self.nav.general(&self.shell.base))
    }
}

/// The form as it was sent.
struct Typed {
    role: String,
    days: String,
    uses: String,
    domains: String,
}

/// `POST /o/{org}/settings/join-links`: the switch.
pub async fn switch(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "join-links").await?;
    let member = owners_act(&req, &slug).await?;
    let (actor, on) = (member.actor(&req), form.get("to") == Some("on"));
    let set =
        req.app.write_or_refuse(move |app, work| join_links::set_allowed(work, &app.config, &actor, on));
    Ok(match TxError::settle(set.await)? {
        Ok(_) => {
            let done = if on { "join-links-on" } else { "join-links-off" };
            req.redirect(&format!("/o/{slug}/settings?done={done}"))
        }
        Err(refusal) => refused::page(&req, &member, refusal),
    })
}

/// `GET /o/{org}/settings/join-links/new`
pub async fn form_page(OwnerRequest(req, member): OwnerRequest) -> PageResult {
    if !member.organization.join_links || !join_links::are_possible(&req.app.config) {
        return Ok(req.redirect(&format!("/o/{}/settings", member.organization.slug)));
    }
    let typed =
        Typed { role: role::VIEWER.into(), days: "7".into(), uses: "10".into(), domains: String::new() };
    page(&req, &member, typed, Problems::default()).await
}

async fn page(req: &PageRequest, member: &Member, typed: Typed, problems: Problems) -> PageResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let offered = req.app.config.roles.iter().filter(|role| ROLES.contains(&role.id.as_str()));
    let page = NewJoinLinkPage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::General, active_sessions(req, member).await?),
        problems,
        roles: offered
            .map(|role| RoleChoice {
                tick: TickState::of(role.id == typed.role),
                id: role.id.clone(),
                description: role.description.clone(),
            })
            .collect(),
        days: typed.days,
        uses: typed.uses,
        domains: typed.domains,
    };
    Ok(req.page(status, &page))
}

/// `POST /o/{org}/settings/join-links/new`
pub async fn create(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "new-join-link").await?;
    let member = owners_act(&req, &slug).await?;
    let field = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let typed =
        Typed { role: field("role"), days: field("days"), uses: field("uses"), domains: field("domains") };
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    let new = NewLink {
        role: typed.role.clone(),
        days: number(&typed.days),
        uses: number(&typed.uses),
        domains: typed.domains.clone(),
    };
    let actor = member.actor(&req);
    let created =
        req.app.write_or_refuse(move |app, work| join_links::create(work, &app.config, &actor, &new));
    match TxError::settle(created.await)? {
        Ok(issued) => shown(&req, &member, issued).await,
        Err(refusal @ ServiceRefusal::Invalid { .. }) => {
            page(&req, &member, typed, field_problem(&refusal)).await
        }
        Err(refusal) => Ok(refused::page(&req, &member, refusal)),
    }
}

async fn shown(req: &PageRequest, member: &Member, issued: IssuedLink) -> PageResult {
    let IssuedLink { token, link } = issued;
    let page = JoinLinkPage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::General, active_sessions(req, member).await?),
        link: Secret::new(req.app.config.server.public_url.join(&format!("/join/{}", token.expose()))),
        role: link.role,
        uses: link.max_uses,
        until: DisplayTime::minute(link.ends_at.utc()),
        domains: link.domains,
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// `POST /o/{org}/invitations/join-links/{id}/end`: for managers.
pub async fn end(req: PageRequest, path: web::Path<(String, String)>, payload: web::Payload) -> PageResult {
    req.form(payload, "invitation").await?;
    let (slug, id) = path.into_inner();
    let member = manager(&req, &slug).await?;
    let actor = member.actor(&req);
    let ended = req.app.write_or_refuse(move |app, work| join_links::end(work, &app.config, &actor, &id));
    Ok(match TxError::settle(ended.await)? {
        Ok(()) => req.redirect(&format!("/o/{slug}/invitations?done=join-link-ended")),
        Err(refusal) => refused::page(&req, &member, refusal),
    })
}
