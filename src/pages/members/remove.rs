//! `/o/{org}/members/{id}/remove`: what ends with a membership, and the choice for API keys.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::time::Time;
use crate::pages::credentials::refused;
use crate::pages::members::list::{Subject, after};
use crate::pages::shared::member::{ManagerRequest, Member, active_sessions, manager, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::services::members::{self, CountedMember, KeyFate};
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::store::member_credentials::ActiveCredential;
use crate::store::service_accounts::{self, ServiceAccount};
use crate::store::{Conn, TxError};

#[derive(Template)]
#[template(path = "members/remove.html")]
pub struct RemovePage {
    pub shell: Shell,
    pub nav: Nav,
    pub problems: Problems,
    pub member: Subject,
    pub sessions: CredentialGroup,
    pub personal_tokens: CredentialGroup,
    pub keys: CredentialGroup,
    /// Service accounts that may take the keys over.
    pub accounts: Vec<Receiver>,
    /// Whether "Move" is chosen.
    pub moving: bool,
}

/// Active credentials of one kind: the newest by name, and the number of all.
#[derive(Debug, Clone, Default)]
pub struct CredentialGroup {
    pub total: i64,
    /// Name, and "used 6 hours ago".
    pub named: Vec<(String, String)>,
}

/// A service account in the choice.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub id: String,
    pub name: String,
    pub role: String,
    pub chosen: bool,
}

/// Credentials of a kind that are named.
const NAMED: i64 = 6;
/// Service accounts in the choice.
const RECEIVERS: i64 = 50;

impl CredentialGroup {
    fn of(total: i64, named: Vec<ActiveCredential>, now: Time) -> Self {
        let used = |at: Option<Time>| match at {
            Some(at) => format!("used {}", text::ago(at.utc(), now.utc())),
            None => "never used".to_owned(),
        };
        let line = |found: ActiveCredential| (text::name(&found.name), used(found.last_used_at));
        Self { total, named: named.into_iter().map(line).collect() }
    }

    /// Number of those that are not named.
    fn others(&self) -> i64 {
        self.total - i64::try_from(self.named.len()).unwrap_or(self.total)
    }
}

impl RemovePage {
    fn list(&self) -> String {
        self.nav.members(&self.shell.base)
    }

    /// The groups that end in any case, with the word for one.
    fn ending(&self) -> [(&'static str, &CredentialGroup); 2] {
        [("CLI session", &self.sessions), ("Personal token", &self.personal_tokens)]
    }

    fn key_count(&self) -> String {
        text::count(self.keys.total, "API key", "API keys")
    }
}

/// `GET /o/{org}/members/{id}/remove`
pub async fn page(
    ManagerRequest(req, member): ManagerRequest,
    path: web::Path<(String, String)>,
) -> PageResult {
    remove_page(&req, &member, &path.1, None, Problems::default()).await
}

async fn remove_page(
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
        let named = members::credentials(conn, &actor, &wanted, now, NAMED)?;
        let accounts = service_accounts::page(conn, &actor.organization.id, None, RECEIVERS)?;
        Ok((counted, named, accounts))
    });
    let (CountedMember { member: subject, credentials }, [sessions, tokens, keys], accounts) =
        TxError::settle(found.await)?.map_err(|refusal| refused::page(req, member, refusal))?;
    if subject.user_id == member.user_id {
        return Ok(req.redirect(&format!("/o/{}/leave", member.organization.slug)));
    }
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = RemovePage {
        shell: req.shell(),
        nav: nav(req, member, NavItem::Members, active_sessions(req, member).await?),
        problems,
        sessions: CredentialGroup::of(credentials.sessions, sessions, now),
        personal_tokens: CredentialGroup::of(credentials.personal_tokens, tokens, now),
        keys: CredentialGroup::of(credentials.keys, keys, now),
        accounts: receivers(req, &member.actor(req), accounts, chosen),
        moving: chosen.is_some(),
        member: Subject::of(&subject),
    };
    Ok(req.page(status, &page))
}

/// The active service accounts whose role is not above the actor's.
fn receivers(
    req: &PageRequest,
    actor: &OrgActor,
    accounts: Vec<ServiceAccount>,
    chosen: Option<&str>,
) -> Vec<Receiver> {
    let catalog = &req.app.config.catalog;
    let may = |account: &ServiceAccount| {
        account.disabled_at.is_none() && actor.require_not_outranked(catalog, &account.role).is_ok()
    };
    let shown = |account: ServiceAccount| Receiver {
        chosen: chosen == Some(account.id.as_str()),
        name: text::name(&account.name),
        id: account.id,
        role: account.role,
    };
    accounts.into_iter().filter(may).map(shown).collect()
}

/// `POST /o/{org}/members/{id}/remove`
pub async fn remove(
    req: PageRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> PageResult {
    let form = req.form(payload, "member-remove").await?;
    let (slug, id) = path.into_inner();
    let member = manager(&req, &slug).await?;
    let account = form.get("service_account").unwrap_or_default();
    let keys = match form.get("keys") {
        Some("move") => KeyFate::Move { service_account: account.to_owned() },
        // The page has no choice if there are no keys.
        Some("end") | None => KeyFate::End,
        Some(_) => {
            let problems = Problems::default().with("keys", "Choose what happens to the keys");
            return remove_page(&req, &member, &id, None, problems).await;
        }
    };
    let (actor, wanted) = (member.actor(&req), id.clone());
    let removed =
        req.app.write_or_refuse(move |app, work| members::remove(work, &app.config, &actor, &wanted, &keys));
    match TxError::settle(removed.await)? {
        Ok(_) => Ok(req.redirect(&after(&slug, "member-removed"))),
        Err(ServiceRefusal::Invalid { .. }) => {
            let words = "That service account is disabled or gone. Choose another, or end the keys";
            let problems = Problems::default().with("keys", words);
            remove_page(&req, &member, &id, Some(account), problems).await
        }
        Err(refusal) => Ok(refused::page(&req, &member, refusal)),
    }
}
