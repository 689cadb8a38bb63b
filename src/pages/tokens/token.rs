//! Revoking one personal token.

use actix_web::http::StatusCode;
use actix_web::web;

use crate::pages::credentials::card;
use crate::pages::credentials::refused;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{OrganizationSelector, active_sessions, member, nav};
use crate::pages::shared::nav::NavItem;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::text;
use crate::services::personal_tokens;
use crate::store::TxError;

/// `GET /tokens/{id}/end`
pub async fn revoke_page(req: PageRequest, id: web::Path<String>) -> PageResult {
    let member = member(&req, OrganizationSelector::Asked).await?;
    let (actor, id) = (member.actor(&req), id.into_inner());
    let found = req.app.store.read_or_refuse(move |conn| personal_tokens::find(conn, &actor, &id));
    let token = TxError::settle(found.await)?.map_err(|refusal| refused::page(&req, &member, refusal))?;
    let nav = nav(&req, &member, NavItem::PersonalTokens, active_sessions(&req, &member).await?);
    let question = Question::RevokeToken {
        slug: nav.slug.clone(),
        name: text::name(&token.credential.name),
        shown: card::shown(&token.credential),
        last_used: card::last_used(&req, &token),
        id: token.credential.id,
    };
    Ok(req.page(StatusCode::OK, &ConfirmPage { shell: req.shell(), nav, question }))
}

/// `POST /tokens/{id}/end`
pub async fn revoke(req: PageRequest, id: web::Path<String>, payload: web::Payload) -> PageResult {
    req.form(payload, "confirm").await?;
    let member = member(&req, OrganizationSelector::Asked).await?;
    let (actor, id) = (member.actor(&req), id.into_inner());
    let revoked = req.app.store.write_or_refuse(move |work| personal_tokens::revoke(work, &actor, &id));
    Ok(match TxError::settle(revoked.await)? {
        Ok(_) => req.redirect(&format!("/tokens?org={}&done=token-revoked", member.organization.slug)),
        Err(refusal) => refused::page(&req, &member, refusal),
    })
}
