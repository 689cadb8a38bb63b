//! Revoking one personal access token.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::pages::credentials::card;
use crate::pages::credentials::refused;
use crate::pages::shared::confirm::{ConfirmPage, Question};
use crate::pages::shared::member::{Which, active_sessions, member, nav};
use crate::pages::shared::nav::Place;
use crate::pages::shared::request::visit;
use crate::pages::shared::text;
use crate::services::personal_tokens;
use crate::web::app::App;

/// `GET /tokens/{id}/end`
pub async fn revoke_page(app: web::Data<App>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = member(visit, Which::Asked).await?;
        let (acting, id) = (member.acting(visit), id.into_inner());
        let found = visit.app.store.read(move |conn| personal_tokens::find(conn, &acting, &id));
        let token = found.await?.map_err(|refusal| refused::page(visit, &member, refusal))?;
        let nav = nav(visit, &member, Place::PersonalTokens, active_sessions(visit, &member).await?);
        let question = Question::RevokeToken {
            slug: nav.slug.clone(),
            name: text::name(&token.credential.name),
            shown: card::shown(&token.credential),
            last_used: card::last_used(visit, &token),
            id: token.credential.id,
        };
        Ok(visit.page(StatusCode::OK, &ConfirmPage { shell: visit.shell(), nav, question }))
    })
    .await
}

/// `POST /tokens/{id}/end`
pub async fn revoke(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    visit(app, request, async |visit| {
        visit.form(payload, "confirm").await?;
        let member = member(visit, Which::Asked).await?;
        let (acting, id) = (member.acting(visit), id.into_inner());
        let revoked = visit.app.store.write(move |work| personal_tokens::revoke(work, &acting, &id));
        Ok(match revoked.await? {
            Ok(_) => visit.go(&format!("/tokens?org={}&done=token-revoked", member.organization.slug)),
            Err(refusal) => refused::page(visit, &member, refusal),
        })
    })
    .await
}
