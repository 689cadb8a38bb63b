//! `/o/{org}/keys/{id}/permissions`: changing the permissions of an API key.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::granted_scopes::GrantedScopes;
use crate::domain::scope::ScopeSet;
use crate::pages::credentials::choices::{PermissionChoices, Ticked, without_a_box};
use crate::pages::credentials::{card, refused};
use crate::pages::shared::member::{
    Member, MemberRequest, OrganizationSelector, active_sessions, member, nav,
};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageError, PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::services::api_keys::{self, EditableKey};
use crate::store::TxError;

#[derive(Template)]
#[template(path = "keys/permissions.html")]
pub struct KeyPermissionsPage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub id: String,
    pub name: String,
    /// `acme_live_…Wq3f`
    pub shown: String,
    /// "4 minutes ago"
    pub last_used: Option<String>,
    pub state: GrantState,
    /// Ids of the current permissions, sent back with the form to detect a concurrent change.
    pub seen: String,
    pub permissions: PermissionChoices,
}

/// Hint about the current permissions of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantState {
    /// All of them are in effect.
    Whole,
    /// The owner's role no longer includes these.
    Shrunk { role: String, lost: Vec<String> },
    /// The key is unrestricted.
    Unrestricted,
    /// The owner has left or is disabled.
    Orphaned,
    /// The same, and the key is unrestricted.
    OrphanedUnrestricted,
}

impl KeyPermissionsPage {
    fn list(&self) -> String {
        self.nav.keys(&self.shell.base)
    }
}

/// `GET /o/{org}/keys/{id}/permissions`
pub async fn page(
    MemberRequest(req, member): MemberRequest,
    path: web::Path<(String, String)>,
) -> PageResult {
    show(&req, &member, &path.1, None).await
}

/// `POST /o/{org}/keys/{id}/permissions`
pub async fn save(req: PageRequest, path: web::Path<(String, String)>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "key-permissions").await?;
    let (slug, id) = path.into_inner();
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let ticked = Ticked::read(&form, &req.app.config.catalog);
    let mut scopes = ticked.all(&req.app.config.catalog);
    let seen = form.get("seen").and_then(|text| ScopeSet::parse(text).ok()).unwrap_or_default();
    if scopes.is_empty() {
        let none = "Choose at least one permission. A key that needs none can be revoked";
        let problems = Problems::default().with("scopes", none);
        return show(&req, &member, &id, Some(RejectedForm { ticked, problems, seen: Some(seen) })).await;
    }
    scopes.extend(without_a_box(&req.app.config.catalog, &seen));
    let (actor, wanted) = (member.actor(&req), id.clone());
    let saved = req.app.write_or_refuse(move |app, work| {
        api_keys::set_scopes(work, &app.config, &actor, &wanted, &scopes, Some(&seen))
    });
    match TxError::settle(saved.await)? {
        Ok(_) => Ok(req.redirect(&format!("/o/{slug}/keys?done=key-permissions"))),
        Err(refusal) => match refused::problems(refusal) {
            Ok(problems) => {
                show(&req, &member, &id, Some(RejectedForm { ticked, problems, seen: None })).await
            }
            Err(refusal) => Ok(refused::page(&req, &member, refusal)),
        },
    }
}

/// A refused form.
struct RejectedForm {
    ticked: Ticked,
    problems: Problems,
    /// Permissions when the form was loaded; `None` if the form now shows the current ones.
    seen: Option<ScopeSet>,
}

/// The key and the permissions it may get, or the page of the refusal.
async fn changeable(req: &PageRequest, member: &Member, id: &str) -> Result<EditableKey, PageError> {
    let (app, actor, id) = (req.app.clone(), member.actor(req), id.to_owned());
    let now = app.now();
    let read = move |conn: &mut _| api_keys::editable(conn, &app.config, &actor, &id, now);
    let found = TxError::settle(req.app.store.read_or_refuse(read).await)?;
    Ok(found.map_err(|refusal| refused::page(req, member, refusal))?)
}

/// The form, with the current permissions checked unless it was submitted before.
async fn show(req: &PageRequest, member: &Member, id: &str, rejected: Option<RejectedForm>) -> PageResult {
    let changeable = changeable(req, member, id).await?;
    let state = state(&changeable);
    let EditableKey { named, grantable: open, .. } = changeable;
    let granted = &named.credential.granted;
    let RejectedForm { ticked, problems, seen } = rejected.unwrap_or_else(|| RejectedForm {
        ticked: Ticked::of(granted),
        problems: Problems::default(),
        seen: None,
    });
    let page = KeyPermissionsPage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::ApiKeys, active_sessions(req, member).await?),
        name: text::name(&named.credential.name),
        shown: card::shown(&named.credential),
        last_used: card::last_used(req, &named),
        state,
        seen: seen.unwrap_or_else(|| granted.named()).to_string(),
        permissions: ticked.offered_to(&req.app.config.catalog, granted, &open),
        id: named.credential.id,
        problems,
    };
    let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(req.page(status, &page))
}

fn state(changeable: &EditableKey) -> GrantState {
    let EditableKey { named, role, grantable: open } = changeable;
    match (role, &named.credential.granted) {
        (None, GrantedScopes::Unrestricted) => GrantState::OrphanedUnrestricted,
        (None, GrantedScopes::Scopes(_)) => GrantState::Orphaned,
        (Some(_), GrantedScopes::Unrestricted) => GrantState::Unrestricted,
        (Some(role), GrantedScopes::Scopes(scopes)) => {
            let lost = scopes.difference(open);
            if lost.is_empty() {
                GrantState::Whole
            } else {
                GrantState::Shrunk { role: role.clone(), lost: lost.iter().map(str::to_owned).collect() }
            }
        }
    }
}
