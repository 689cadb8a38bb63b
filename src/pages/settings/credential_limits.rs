//! Settings > API access: the switch for API keys, and the limits on keys and personal tokens.

use actix_web::http::StatusCode;
use actix_web::web;
use chrono::TimeDelta;

use crate::domain::audit::Actor;
use crate::domain::key_policy::{Lifetime, TokenCreators};
use crate::domain::parameters::Parameters;
use crate::pages::settings::api_access::{Keys, LifetimeChoice};
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{ManagerRequest, Member, active_sessions, manager, nav};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::text;
use crate::services::credential_policy::{self, CredentialLimits};
use crate::store::StoreError;

/// Maximum lifetimes offered, in days.
const DAYS: [i64; 5] = [7, 30, 90, 180, 365];

/// View of the switch and the limits.
pub(in crate::pages) async fn keys(req: &PageRequest, member: &Member) -> Result<Keys, StoreError> {
    let limits = CredentialLimits::of(&member.organization, &req.app.config);
    Ok(Keys {
        on: member.organization.api_keys,
        active: count_active_keys(req, member).await?,
        unrestricted: limits.unrestricted_keys,
        key_lifetimes: lifetimes(limits.key_lifetime),
        token_creators: limits.token_creators,
        token_lifetimes: lifetimes(limits.token_lifetime),
    })
}

async fn count_active_keys(req: &PageRequest, member: &Member) -> Result<i64, StoreError> {
    let (org_id, now) = (member.organization.id.clone(), req.app.now());
    req.app.store.read(move |conn| credential_policy::count_active_keys(conn, &org_id, now)).await
}

/// No limit, the offered ones, and the current one.
fn lifetimes(holds: Lifetime) -> Vec<LifetimeChoice> {
    let mut offered = vec![Lifetime::Unlimited];
    offered.extend(DAYS.map(|days| Lifetime::AtMost(TimeDelta::days(days))));
    if !offered.contains(&holds) {
        offered.push(holds);
    }
    let choice = |lifetime| LifetimeChoice {
        value: seconds(lifetime).to_string(),
        words: match lifetime {
            Lifetime::Unlimited => "No limit".to_owned(),
            Lifetime::AtMost(longest) => text::duration(longest),
        },
        chosen: lifetime == holds,
    };
    offered.into_iter().map(choice).collect()
}

fn seconds(lifetime: Lifetime) -> i64 {
    match lifetime {
        Lifetime::Unlimited => 0,
        Lifetime::AtMost(longest) => longest.num_seconds(),
    }
}

/// `GET /o/{org}/settings/api-access/api-keys/{to}`: confirmation with the effect.
pub async fn confirm(
    ManagerRequest(req, member): ManagerRequest,
    path: web::Path<(String, String)>,
) -> PageResult {
    let (slug, to) = path.into_inner();
    let (keys, organization) = (count_active_keys(&req, &member).await?, member.organization.name.clone());
    let question = match to.as_str() {
        "off" => Question::ApiKeysOff { slug, organization, keys },
        "on" => Question::ApiKeysOn { slug, organization, keys },
        _ => return Ok(req.refuse(Refusal::NotFound)),
    };
    let nav = nav(&req, &member, NavItem::ApiAccess, active_sessions(&req, &member).await?);
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /o/{org}/settings/api-access/api-keys`
pub async fn save_switch(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "confirm").await?;
    let member = manager(&req, &slug).await?;
    let Some(on) = on_or_off(&form, "api_keys") else { return Ok(req.refuse(Refusal::NotFound)) };
    let (actor, origin) = (Actor::User(member.user_id.clone()), req.browser.origin.clone());
    let org_id = member.organization.id;
    req.app
        .store
        .write(move |work| credential_policy::set_api_keys(work, &org_id, on, &actor, &origin))
        .await?;
    let done = if on { "api-keys-on" } else { "api-keys-off" };
    Ok(req.redirect(&format!("/o/{slug}/settings/api-access?done={done}")))
}

/// `POST /o/{org}/settings/api-access/limits`
pub async fn save_limits(req: PageRequest, slug: web::Path<String>, payload: web::Payload) -> PageResult {
    let form = req.form(payload, "limits").await?;
    let member = manager(&req, &slug).await?;
    let Some(limits) = read(&form) else { return Ok(req.refuse(Refusal::NotFound)) };
    let (actor, origin) = (Actor::User(member.user_id.clone()), req.browser.origin.clone());
    let org_id = member.organization.id;
    req.app
        .write(move |app, work| {
            credential_policy::set_limits(work, &app.config, &org_id, limits, &actor, &origin)
        })
        .await?;
    Ok(req.redirect(&format!("/o/{slug}/settings/api-access?done=limits")))
}

/// Parses the form; `None` if it is malformed.
fn read(form: &Parameters) -> Option<CredentialLimits> {
    Some(CredentialLimits {
        unrestricted_keys: on_or_off(form, "unrestricted_keys")?,
        key_lifetime: lifetime(form, "key_lifetime")?,
        token_creators: form.get("token_creators").and_then(TokenCreators::parse)?,
        token_lifetime: lifetime(form, "token_lifetime")?,
    })
}

fn on_or_off(form: &Parameters, field: &str) -> Option<bool> {
    match form.get(field) {
        Some("on") => Some(true),
        Some("off") => Some(false),
        _ => None,
    }
}

/// Parses a lifetime of up to a hundred years.
fn lifetime(form: &Parameters, field: &str) -> Option<Lifetime> {
    let seconds = form.get(field)?.parse().ok().filter(|seconds| (0..=3_155_760_000).contains(seconds))?;
    Some(Lifetime::of(TimeDelta::seconds(seconds)))
}
