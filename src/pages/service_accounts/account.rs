//! `/o/{org}/service-accounts/{id}`: one service account.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::key_policy::KeyPolicy;
use crate::domain::management::KEYS_MANAGE;
use crate::domain::scope::Level;
use crate::pages::credentials::card::{CardState, End, ListContext, Owner, card};
use crate::pages::credentials::list::{CredentialList, ListAddress, ListQuery, Listing, StateFilter};
use crate::pages::credentials::refused;
use crate::pages::service_accounts::list::{Account, shown};
use crate::pages::service_accounts::new::{RoleChoice, roles};
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{
    Member, MemberRequest, OrganizationSelector, active_sessions, member, nav,
};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::services::{api_keys, service_accounts};
use crate::store::TxError;

#[derive(Template)]
#[template(path = "service_accounts/account.html")]
pub struct ServiceAccountPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub account: Account,
    pub roles: Vec<RoleChoice>,
    /// Its keys, newest first.
    pub list: CredentialList,
    /// Whether the user may create keys for it.
    pub may_create: bool,
}

impl ServiceAccountPage {
    fn path(&self) -> String {
        format!("{}/{}", self.nav.service_accounts(&self.shell.base), self.account.id)
    }

    fn new_key(&self) -> String {
        format!("{}/new?owner={}", self.nav.keys(&self.shell.base), self.account.id)
    }
}

/// `GET /o/{org}/service-accounts/{id}`
pub async fn show(
    MemberRequest(req, member): MemberRequest,
    path: web::Path<(String, String)>,
) -> PageResult {
    account_page(&req, &member, &path.1, Problems::default()).await
}

async fn account_page(req: &PageRequest, member: &Member, id: &str, problems: Problems) -> PageResult {
    let (actor, wanted) = (member.actor(req), id.to_owned());
    let path = format!("{}/o/{}/service-accounts/{id}", req.base(), member.organization.slug);
    let asked = ListQuery::read(req, ListAddress { path, org: None });
    let of_keys = asked.clone();
    let found = req.app.store.read_or_refuse(move |conn| {
        let made = service_accounts::find(conn, &actor, &wanted)?;
        let keys = of_keys.find(|part| api_keys::of_service_account(conn, &actor, &wanted, part));
        // A role may have the scope for service accounts without the one for keys.
        Ok((made, TxError::settle(keys)?.unwrap_or_default()))
    });
    let (made, keys) =
        TxError::settle(found.await)?.map_err(|refusal| refused::page(req, member, refusal))?;
    let nav = nav(req, member, NavItem::ServiceAccounts, active_sessions(req, member).await?);
    let KeyPolicy { enabled: on, unrestricted, .. } =
        member.organization.key_policy(&req.app.config.organizations);
    let manages = member.holds(req, KEYS_MANAGE) && member.actor(req).administers();
    let of_keys = &nav.keys(req.base());
    let to = |act: &'static str| move |id: &str| format!("{of_keys}/{id}/{act}");
    let (permissions, rotate, revoke) = (to("permissions"), to("rotate"), to("end"));
    let enabled = made.account.disabled_at.is_none();
    let listed = ListContext {
        user_id: &member.user_id,
        on: on && enabled,
        unrestricted,
        owners: false,
        permissions: manages.then_some(&permissions as &dyn Fn(&str) -> String),
        rotate: manages.then_some(&rotate as &dyn Fn(&str) -> String),
        revoke: manages.then_some(&revoke as &dyn Fn(&str) -> String),
    };
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ServiceAccountPage {
        shell: req.shell(),
        problems,
        roles: roles(req, member, &made.account.role),
        list: asked.shown(keys, |key| card(req, &listed, key)),
        may_create: manages && on && enabled,
        account: shown(made),
        nav,
    };
    Ok(req.page(status, &page))
}

/// `POST /o/{org}/service-accounts/{id}/role`
pub async fn set_role(
    req: PageRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> PageResult {
    let form = req.form(payload, "service-account-role").await?;
    let (slug, id) = path.into_inner();
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let (actor, wanted) = (member.actor(&req), id.clone());
    let role = form.get("role").unwrap_or_default().to_owned();
    let saved = req.app.write_or_refuse(move |app, work| {
        service_accounts::set_role(work, &app.config, &actor, &wanted, &role)
    });
    match TxError::settle(saved.await)? {
        Ok(_) => Ok(req.redirect(&format!("/o/{slug}/service-accounts/{id}?done=role-saved"))),
        Err(refusal) => match refused::problems(refusal) {
            Ok(problems) => account_page(&req, &member, &id, problems).await,
            Err(refusal) => Ok(refused::page(&req, &member, refusal)),
        },
    }
}

/// `GET /o/{org}/service-accounts/{id}/disable`: confirmation with the effect.
pub async fn disable_page(
    MemberRequest(req, member): MemberRequest,
    path: web::Path<(String, String)>,
) -> PageResult {
    let (slug, id) = path.into_inner();
    let (actor, now) = (member.actor(&req), req.app.now());
    let found = req.app.store.read_or_refuse(move |conn| {
        let made = service_accounts::find(conn, &actor, &id)?;
        let keys = service_accounts::count_active_keys(conn, &actor.organization.id, &id, now)?;
        Ok((made.account, keys))
    });
    let (account, keys) =
        TxError::settle(found.await)?.map_err(|refusal| refused::page(&req, &member, refusal))?;
    let nav = nav(&req, &member, NavItem::ServiceAccounts, active_sessions(&req, &member).await?);
    let name = text::name(&account.name);
    let question = Question::DisableServiceAccount { slug, id: account.id, name, keys };
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /o/{org}/service-accounts/{id}/state`
pub async fn set_state(
    req: PageRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> PageResult {
    let form = req.form(payload, "confirm").await?;
    let (slug, id) = path.into_inner();
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let enabled = match form.get("state") {
        Some("enabled") => true,
        Some("disabled") => false,
        _ => return Ok(req.refuse(Refusal::NotFound)),
    };
    let (actor, wanted) = (member.actor(&req), id.clone());
    let saved = req.app.write_or_refuse(move |app, work| {
        service_accounts::set_enabled(work, &app.config, &actor, &wanted, enabled)
    });
    let done = if enabled { "service-account-enabled" } else { "service-account-disabled" };
    Ok(match TxError::settle(saved.await)? {
        Ok(_) => req.redirect(&format!("/o/{slug}/service-accounts/{id}?done={done}")),
        Err(refusal) => refused::page(&req, &member, refusal),
    })
}
