//! `/tokens`: the user's personal tokens.

use actix_web::http::StatusCode;
use askama::Template;

use crate::domain::key_policy::TokenPolicy;
use crate::domain::scope::Level;
use crate::pages::credentials::card::{CardState, End, ListContext, Owner, card};
use crate::pages::credentials::list::{CredentialList, ListAddress, ListQuery, Listing, StateFilter};
use crate::pages::credentials::refused;
use crate::pages::shared::member::{Member, OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::services::personal_tokens;
use crate::store::TxError;

#[derive(Template)]
#[template(path = "tokens/list.html")]
pub struct TokensPage {
    pub shell: Shell,
    pub nav: Nav,
    pub allowed: Allowed,
    pub list: CredentialList,
    /// "orbit login"
    pub login_command: String,
}

/// Whether the organization allows personal tokens for this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    Yes,
    /// Personal tokens are off.
    Off,
    /// Limited to owners and admins.
    AdminsOnly,
}

impl TokensPage {
    fn new_link(&self) -> String {
        self.shell.base.clone() + &self.nav.of_this("/tokens/new")
    }

    fn may_create(&self) -> bool {
        self.allowed == Allowed::Yes
    }
}

/// `GET /tokens`
pub async fn list(req: PageRequest) -> PageResult {
    if req.person().is_none() {
        return Ok(req.redirect("/sign-in?request=tokens"));
    }
    let member = member(&req, OrganizationSelector::Asked).await?;
    let nav = nav(&req, &member, NavItem::PersonalTokens, active_sessions(&req, &member).await?);
    let org = nav.has_choice().then(|| nav.slug.clone());
    let asked = ListQuery::read(&req, ListAddress { path: format!("{}/tokens", req.base()), org });
    let (actor, wanted) = (member.actor(&req), asked.clone());
    let read = move |conn: &mut _| wanted.find(|part| personal_tokens::list(conn, &actor, part));
    let found = TxError::settle(req.app.store.read_or_refuse(read).await)?
        .map_err(|refusal| refused::page(&req, &member, refusal))?;
    let allowed = allowed(policy(&req, &member), &member);
    let revoke = |id: &str| format!("{}{}", req.base(), nav.of_this(&format!("/tokens/{id}/end")));
    let listed = ListContext {
        user_id: &member.user_id,
        on: allowed == Allowed::Yes,
        unrestricted: false,
        owners: false,
        permissions: None,
        rotate: None,
        revoke: Some(&revoke),
    };
    let list = asked.shown(found, |token| card(&req, &listed, token));
    let login_command = req.app.config.brand.login_command.clone();
    let page = TokensPage { shell: req.shell(), allowed, list, login_command, nav };
    Ok(req.page(StatusCode::OK, &page))
}

pub(in crate::pages) fn policy(req: &PageRequest, member: &Member) -> TokenPolicy {
    member.organization.token_policy(&req.app.config.organizations)
}

pub(in crate::pages) fn allowed(policy: TokenPolicy, member: &Member) -> Allowed {
    if !policy.enabled {
        Allowed::Off
    } else if policy.creators.include(&member.role) {
        Allowed::Yes
    } else {
        Allowed::AdminsOnly
    }
}
