//! `/o/{org}/settings/api-access`: policies for credentials.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::audit::Actor;
use crate::domain::key_policy::TokenCreators;
use crate::domain::policy::DeviceFlow;
use crate::pages::sessions::list::Pager;
use crate::pages::settings::credential_limits;
use crate::pages::shared::affected_credentials::AffectedCredentials;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{ManagerRequest, Member, active_sessions, manager, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::paging;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::pages::shared::urls::query;
use crate::services::api_access::{self, Effect, SignInMethods};
use crate::store::StoreError;
use crate::store::cli_sessions::{self, NamedSession};
use crate::store::credentials::Credential;
use crate::web::cursor;

#[derive(Template)]
#[template(path = "settings/api_access.html")]
pub struct ApiAccessPage {
    pub shell: Shell,
    pub nav: Nav,
    pub personal_tokens: Switch,
    /// Credentials affected by the switch.
    pub concerned: AffectedCredentials,
    pub last_change: Option<Change>,
    pub device_flow: DeviceFlow,
    /// Whether copied codes are allowed.
    pub copy_code: bool,
    pub keys: Keys,
    /// A page of the organization's active sessions.
    pub rows: Vec<SessionRow>,
    pub pager: Pager,
}

/// The switch for API keys, and the limits on keys and personal tokens.
#[derive(Debug, Clone)]
pub struct Keys {
    pub on: bool,
    /// Number of keys affected by the switch.
    pub active: i64,
    /// Whether unrestricted keys are allowed.
    pub unrestricted: bool,
    pub key_lifetimes: Vec<LifetimeChoice>,
    pub token_creators: TokenCreators,
    pub token_lifetimes: Vec<LifetimeChoice>,
}

/// A choice for the maximum lifetime.
#[derive(Debug, Clone)]
pub struct LifetimeChoice {
    /// In seconds.
    pub value: String,
    /// "90 days"
    pub words: String,
    pub chosen: bool,
}

impl Keys {
    /// Effect of turning the switch, in numbers.
    pub fn effect(&self) -> String {
        let keys = text::count(self.active, "key", "keys");
        match (self.on, self.active) {
            (true, 0) => "There is no API key now.".into(),
            (true, _) => format!("Turning this off stops {keys}."),
            (false, 0) => "There is no suspended key.".into(),
            (false, _) => format!("Turning this on makes {keys} work again."),
        }
    }
}

/// A session in the view of an owner or admin.
#[derive(Debug, Clone)]
pub struct SessionRow {
    pub id: String,
    pub person: String,
    pub device: String,
    /// The registered name of the client.
    pub tool: String,
    /// Claims of the tool about itself.
    pub claimed: Option<String>,
    pub last_used: Option<DisplayTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone)]
pub struct Change {
    pub by: String,
    pub at: DisplayTime,
}

impl ApiAccessPage {
    pub fn device_flows(&self) -> [(DeviceFlow, &'static str, &'static str); 3] {
        [
            (DeviceFlow::On, "Anywhere", "The page tells people when the device is on another network."),
            (
                DeviceFlow::SameNetwork,
                "On the same network",
                "Only in a browser on the network from which the device asked.",
            ),
            (DeviceFlow::Off, "Nowhere", "Tools on machines without a browser need another way to sign in."),
        ]
    }

    /// Path of the confirmation page.
    pub fn link(&self, to: &str) -> String {
        format!("{}/o/{}/settings/api-access/personal-tokens/{to}", self.shell.base, self.nav.slug)
    }

    /// The same for API keys.
    pub fn keys_link(&self, to: &str) -> String {
        format!("{}/o/{}/settings/api-access/api-keys/{to}", self.shell.base, self.nav.slug)
    }

    pub fn revoke_all_link(&self) -> String {
        format!("{}/o/{}/settings/api-access/revoke-all", self.shell.base, self.nav.slug)
    }

    /// Effect of turning the switch, in numbers.
    pub fn effect(&self) -> String {
        let words = self.concerned.words();
        match (self.personal_tokens, self.concerned.is_empty()) {
            (Switch::On, true) => "Nobody has a session or a personal token now.".into(),
            (Switch::On, false) => format!("Turning this off stops {words}."),
            (Switch::Off, true) => "There is no suspended session or personal token.".into(),
            (Switch::Off, false) => format!("Turning this on makes {words} work again."),
        }
    }
}

/// Sessions on one page.
const PAGE: usize = 25;

/// `GET /o/{org}/settings/api-access`
pub async fn settings(ManagerRequest(req, member): ManagerRequest, slug: web::Path<String>) -> PageResult {
    let (org_id, now) = (member.organization.id.clone(), req.app.now());
    let after = query(&req).get("cursor").and_then(cursor::read);
    let first = after.is_none();
    let (effect, last_change, mut sessions) = req
        .app
        .store
        .read(move |conn| {
            let effect = api_access::effect(conn, &org_id, now)?;
            let last_change = api_access::last_change(conn, &org_id)?;
            // One extra row shows whether there is a next page.
            let sessions =
                cli_sessions::active_page(conn, &org_id, now, after.as_ref(), paging::rows_of(PAGE))?;
            Ok((effect, last_change, sessions))
        })
        .await?;
    let next = paging::cut_to(PAGE, &mut sessions, |NamedSession { session, .. }| {
        (session.created_at, session.id.as_str())
    });
    let path = format!("{}/o/{}/settings/api-access", req.base(), *slug);
    let active = active_sessions(&req, &member).await?;
    let policy = member.organization.policy(&req.app.config.organizations);
    let page = ApiAccessPage {
        shell: req.shell(),
        nav: nav(&req, &member, NavItem::ApiAccess, active),
        personal_tokens: if member.organization.personal_tokens { Switch::On } else { Switch::Off },
        concerned: concerned(effect),
        last_change: last_change.map(|change| Change {
            by: change.by.unwrap_or_else(|| "the operator of this server".to_owned()),
            at: DisplayTime::minute(change.at.utc()),
        }),
        device_flow: policy.device_flow,
        copy_code: policy.copy_code,
        keys: credential_limits::keys(&req, &member).await?,
        rows: sessions.into_iter().map(row).collect(),
        pager: Pager {
            older: next.map(|cursor| format!("{path}?cursor={cursor}")),
            newer: (!first).then_some(path),
        },
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// Claimed device name. The name that the user gave the session is private.
pub(in crate::pages) fn device(session: &Credential) -> String {
    session.device_name.as_deref().map_or_else(|| "unknown-device".to_owned(), text::device_label)
}

fn row(NamedSession { session, person, tool }: NamedSession) -> SessionRow {
    SessionRow {
        device: device(&session),
        id: session.id,
        person: text::name(&person),
        claimed: session.tool_version.as_deref().map(text::device_words),
        tool: text::name(&tool),
        last_used: session.last_used_at.map(|at| DisplayTime::minute(at.utc())),
    }
}

/// `GET /o/{org}/settings/api-access/personal-tokens/{to}`: confirmation with the effect.
pub async fn confirm(
    ManagerRequest(req, member): ManagerRequest,
    path: web::Path<(String, String)>,
) -> PageResult {
    let (slug, to) = path.into_inner();
    let concerned = concerned(effect(&req, &member).await?);
    let organization = member.organization.name.clone();
    let question = match to.as_str() {
        "off" => Question::PersonalTokensOff { slug, organization, concerned },
        "on" => Question::PersonalTokensOn { slug, organization, concerned },
        _ => return Ok(req.refuse(Refusal::NotFound)),
    };
    let active = active_sessions(&req, &member).await?;
    let nav = nav(&req, &member, NavItem::ApiAccess, active);
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /o/{org}/settings/api-access`
pub async fn save(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "confirm").await?;
    let member = manager(&req, &slug).await?;
    let on = match form.get("personal_tokens") {
        Some("on") => true,
        Some("off") => false,
        _ => return Ok(req.refuse(Refusal::NotFound)),
    };
    let (actor, origin) = (Actor::User(member.user_id.clone()), req.browser.origin.clone());
    req.app
        .store
        .write(move |work| api_access::set_personal_tokens(work, &member.organization, on, &actor, &origin))
        .await?;
    let done = if on { "personal-tokens-on" } else { "personal-tokens-off" };
    Ok(req.redirect(&format!("/o/{slug}/settings/api-access?done={done}")))
}

/// `POST /o/{org}/settings/api-access/sign-in-methods`: device codes and copied codes.
pub async fn save_sign_in_methods(
    req: PageRequest,
    slug: web::Path<String>,
    payload: web::Payload,
) -> PageResult {
    let form = req.form(payload, "sign-in-methods").await?;
    let member = manager(&req, &slug).await?;
    let device_flow = form.get("device_flow").and_then(DeviceFlow::parse);
    let copy_code = match form.get("copy_code") {
        Some("on") => Some(true),
        Some("off") => Some(false),
        _ => None,
    };
    let (Some(device_flow), Some(copy_code)) = (device_flow, copy_code) else {
        return Ok(req.refuse(Refusal::NotFound));
    };
    let sign_in_methods = SignInMethods { device_flow, copy_code };
    let (actor, origin) = (Actor::User(member.user_id.clone()), req.browser.origin.clone());
    req.app
        .write(move |app, work| {
            api_access::set_sign_in_methods(
                work,
                &app.config,
                &member.organization.id,
                sign_in_methods,
                &actor,
                &origin,
            )
        })
        .await?;
    Ok(req.redirect(&format!("/o/{slug}/settings/api-access?done=sign-in-methods")))
}

/// `GET /o/{org}/settings/api-access/revoke-all`
pub async fn revoke_all_page(
    ManagerRequest(req, member): ManagerRequest,
    slug: web::Path<String>,
) -> PageResult {
    let question = Question::RevokeAll {
        concerned: concerned(effect(&req, &member).await?),
        slug: slug.into_inner(),
        organization: member.organization.name.clone(),
        login_command: req.app.config.brand.login_command.clone(),
    };
    let active = active_sessions(&req, &member).await?;
    let nav = nav(&req, &member, NavItem::ApiAccess, active);
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /o/{org}/settings/api-access/revoke-all`
pub async fn revoke_all(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    req.form(payload, "confirm").await?;
    let member = manager(&req, &slug).await?;
    let (actor, origin) = (Actor::User(member.user_id.clone()), req.browser.origin.clone());
    req.app
        .store
        .write(move |work| api_access::revoke_all(work, &member.organization, &actor, &origin))
        .await?;
    Ok(req.redirect(&format!("/o/{slug}/settings/api-access?done=revoked-all")))
}

async fn effect(req: &PageRequest, member: &Member) -> Result<Effect, StoreError> {
    let (org_id, now) = (member.organization.id.clone(), req.app.now());
    req.app.store.read(move |conn| api_access::effect(conn, &org_id, now)).await
}

fn concerned(effect: Effect) -> AffectedCredentials {
    let Effect { sessions, personal_tokens, people } = effect;
    AffectedCredentials {
        sessions: count(sessions),
        personal_tokens: count(personal_tokens),
        people: count(people),
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
