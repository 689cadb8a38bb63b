//! `/o/{org}/keys`: the API keys of an organization.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::key_policy::KeyPolicy;
use crate::domain::management::KEYS_MANAGE;
use crate::domain::scope::Level;
use crate::pages::credentials::card::{CardState, End, ListContext, Owner, card};
use crate::pages::credentials::list::{CredentialList, ListAddress, ListQuery, Listing, StateFilter};
use crate::pages::credentials::refused;
use crate::pages::shared::member::{MemberRequest, OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::api_keys;
use crate::store::TxError;

#[derive(Template)]
#[template(path = "keys/list.html")]
pub struct KeysPage {
    pub shell: Shell,
    pub nav: Nav,
    /// Whether the organization allows API keys.
    pub on: bool,
    /// Whether the user may create keys.
    pub may_create: bool,
    pub list: CredentialList,
    /// "orbit login"
    pub login_command: String,
}

impl KeysPage {
    fn new_link(&self) -> String {
        self.nav.keys(&self.shell.base) + "/new"
    }
}

/// `GET /keys` and `GET /dashboard/api-keys`: the keys of the user's current organization.
pub async fn home(req: PageRequest) -> PageResult {
    redirect_to_organization(&req, "").await
}

/// `GET /keys/new`, with the suggestions of a link.
pub async fn new_home(req: PageRequest) -> PageResult {
    redirect_to_organization(&req, "/new").await
}

async fn redirect_to_organization(req: &PageRequest, to: &str) -> PageResult {
    if req.person().is_none() {
        return Ok(req.redirect("/sign-in?request=keys"));
    }
    let query = req.http.query_string();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let member = member(req, OrganizationSelector::Asked).await?;
    Ok(req.redirect(&format!("/o/{}/keys{to}{query}", member.organization.slug)))
}

/// `GET /o/{org}/keys`: every key for owners and admins, for others their own; the newest first; those that have ended
/// only when asked for.
pub async fn list(MemberRequest(req, member): MemberRequest, slug: web::Path<String>) -> PageResult {
    let path = format!("{}/o/{slug}/keys", req.base());
    let asked = ListQuery::read(&req, ListAddress { path: path.clone(), org: None });
    let (actor, wanted) = (member.actor(&req), asked.clone());
    let read = move |conn: &mut _| wanted.find(|part| api_keys::list(conn, &actor, part));
    let found = TxError::settle(req.app.store.read_or_refuse(read).await)?
        .map_err(|refusal| refused::page(&req, &member, refusal))?;
    let manages = member.holds(&req, KEYS_MANAGE);
    let KeyPolicy { enabled: on, unrestricted, .. } =
        member.organization.key_policy(&req.app.config.organizations);
    let path = &path;
    let to = |act: &'static str| move |id: &str| format!("{path}/{id}/{act}");
    let (permissions, rotate, revoke) = (to("permissions"), to("rotate"), to("end"));
    let listed = ListContext {
        user_id: &member.user_id,
        on,
        unrestricted,
        owners: true,
        permissions: manages.then_some(&permissions as &dyn Fn(&str) -> String),
        rotate: manages.then_some(&rotate as &dyn Fn(&str) -> String),
        revoke: manages.then_some(&revoke as &dyn Fn(&str) -> String),
    };
    let page = KeysPage {
        shell: req.shell(),
        nav: nav(&req, &member, NavItem::ApiKeys, active_sessions(&req, &member).await?),
        on,
        may_create: manages,
        list: asked.shown(found, |key| card(&req, &listed, key)),
        login_command: req.app.config.brand.login_command.clone(),
    };
    Ok(req.page(StatusCode::OK, &page))
}
