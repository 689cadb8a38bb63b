//! Rotating and revoking one API key.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::domain::management::KEYS_MANAGE;
use crate::pages::credentials::card;
use crate::pages::credentials::idempotent_form::{self, CreatedSecret, Submission};
use crate::pages::credentials::refused;
use crate::pages::credentials::secret::{self, SecretKind};
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{Member, OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageError, PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::{self, DisplayTime};
use crate::services::api_keys::{self, Overlap};
use crate::services::credential_names::NamedCredential;
use crate::store::TxError;

#[derive(Template)]
#[template(path = "keys/rotate.html")]
pub struct RotatePage {
    pub shell: Shell,
    pub nav: Nav,
    pub form_nonce: String,
    pub id: String,
    pub name: String,
    pub shown: String,
    /// Expiry of the old key, if any.
    pub ends: Option<DisplayTime>,
}

impl RotatePage {
    fn list(&self) -> String {
        self.nav.keys(&self.shell.base)
    }

    /// Seconds, label, and hint.
    const OVERLAPS: [(&'static str, &'static str, &'static str); 3] = [
        ("86400", "For 24 hours", "Time to give the new key to everything that uses the old one."),
        ("3600", "For 1 hour", "If you can replace it right away."),
        ("0", "Not at all", "The old key stops working immediately. Choose this if it has leaked."),
    ];
}

/// `GET /o/{org}/keys/{id}/rotate`
pub async fn rotate_page(req: PageRequest, path: web::Path<(String, String)>) -> PageResult {
    let (member, key) = managed(&req, &path.0, &path.1).await?;
    let credential = key.credential;
    if credential.revoked_at.is_some()
        || credential.has_ended(req.app.now())
        || credential.replaced_by.is_some()
    {
        let message = "It has ended, or it was already rotated. Create a new one.";
        return Ok(req.refuse(Refusal::PastChanging { message: message.to_owned() }));
    }
    if !card::may_rotate(&member.user_id, &credential.owner) {
        let message = "It acts as its owner, so only its owner may see the new secret. You can revoke it.";
        return Ok(req.refuse(Refusal::NotAllowed { message: message.to_owned() }));
    }
    let page = RotatePage {
        shell: req.shell(),
        nav: nav(&req, &member, NavItem::ApiKeys, active_sessions(&req, &member).await?),
        form_nonce: idempotent_form::form_nonce(),
        name: text::name(&credential.name),
        shown: card::shown(&credential),
        ends: credential.ends_at.map(|at| DisplayTime::minute(at.utc())),
        id: credential.id,
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// `POST /o/{org}/keys/{id}/rotate`: the response shows the new secret, and no other page does.
pub async fn rotate(
    req: PageRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> PageResult {
    let form = req.form(payload, "rotate-key").await?;
    let (slug, id) = path.into_inner();
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let seconds = form.get("overlap").and_then(|text| text.parse().ok());
    let Some(overlap) = seconds.and_then(Overlap::from_seconds) else {
        return Ok(req.refuse(Refusal::NotFound));
    };
    let sent = idempotent_form::submit(&req, &member, &form, move |app, work, actor| {
        let rotated = api_keys::rotate(work, &app.config, actor, &id, overlap)?;
        Ok(CreatedSecret { created: rotated.created, replaces: Some(rotated.old_ends_at) })
    });
    match sent.await? {
        Submission::Made(made) => secret::shown(&req, &member, *made).await,
        Submission::Again(id) => secret::shown_before(&req, &member, SecretKind::ApiKey, &id).await,
        Submission::Refused(refusal) => Ok(refused::page(&req, &member, refusal)),
    }
}

/// `GET /o/{org}/keys/{id}/end`
pub async fn revoke_page(req: PageRequest, path: web::Path<(String, String)>) -> PageResult {
    let (member, key) = managed(&req, &path.0, &path.1).await?;
    let nav = nav(&req, &member, NavItem::ApiKeys, active_sessions(&req, &member).await?);
    let question = Question::RevokeKey {
        slug: nav.slug.clone(),
        name: text::name(&key.credential.name),
        shown: card::shown(&key.credential),
        last_used: card::last_used(&req, &key),
        id: key.credential.id,
    };
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /o/{org}/keys/{id}/end`
pub async fn revoke(
    req: PageRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> PageResult {
    req.form(payload, "confirm").await?;
    let (slug, id) = path.into_inner();
    let member = member(&req, OrganizationSelector::Slug(&slug)).await?;
    let actor = member.actor(&req);
    let revoked = req.app.write_or_refuse(move |app, work| api_keys::revoke(work, &app.config, &actor, &id));
    Ok(match TxError::settle(revoked.await)? {
        Ok(_) => req.redirect(&format!("/o/{slug}/keys?done=key-revoked")),
        Err(refusal) => refused::page(&req, &member, refusal),
    })
}

/// A key that the user may change, with the user's membership.
async fn managed(req: &PageRequest, slug: &str, id: &str) -> Result<(Member, NamedCredential), PageError> {
    let member = member(req, OrganizationSelector::Slug(slug)).await?;
    let actor = member.actor(req);
    if let Err(refusal) = actor.require(KEYS_MANAGE) {
        return Err(refused::page(req, &member, refusal).into());
    }
    let id = id.to_owned();
    let found = req.app.store.read_or_refuse(move |conn| api_keys::find(conn, &actor, &id));
    let key = TxError::settle(found.await)?.map_err(|refusal| refused::page(req, &member, refusal))?;
    Ok((member, key))
}
