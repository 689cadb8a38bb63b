//! Personal tokens. A person sees and ends only their own.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::caller::Caller;
use super::command::{Command, Done, Nothing};
use super::error::ApiError;
use super::page::Page;
use super::shown;
use super::time::Moment;
use crate::services::personal_tokens::{self, NewToken};
use crate::web::app::App;

/// The body of a creation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Create {
    name: String,
    scopes: Vec<String>,
    expires_at: Option<Moment>,
}

/// `POST /api/v1/tokens`: a new token. The answer alone holds its secret.
pub async fn create(app: web::Data<App>, command: Command<Create>) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, |app, work, acting, Create { name, scopes, expires_at }| {
            let new = NewToken { name, scopes, ends_at: expires_at.map(|Moment(at)| at) };
            let created = personal_tokens::create(work, &app.config, acting, &new)?;
            Ok(created.map(|created| Done::created(shown::created(&created))))
        })
        .await
}

/// `GET /api/v1/tokens`: the newest first.
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let page = Page::read(request.query_string())?;
    let (acting, after, limit) = (caller.acting(&app, &request), page.after.clone(), page.limit());
    let read = move |conn: &mut _| personal_tokens::list(conn, &acting, after.as_ref(), limit);
    let tokens = app.store.read(read).await?.map_err(|refusal| ApiError::refused(&app, refusal))?;
    Ok(page.answer(&tokens, shown::credential, |token| (token.credential.created_at, &token.credential.id)))
}

/// `GET /api/v1/tokens/{id}`
pub async fn find(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let acting = caller.acting(&app, &request);
    let found = app.store.read(move |conn| personal_tokens::find(conn, &acting, &id)).await?;
    let token = found.map_err(|refusal| ApiError::refused(&app, refusal))?;
    Ok(HttpResponse::Ok().json(json!({ "data": shown::credential(&token) })))
}

/// `POST /api/v1/tokens/{id}/revoke`
pub async fn revoke(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Nothing>,
) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, move |_, work, acting, Nothing {}| {
            let revoked = personal_tokens::revoke(work, acting, &id)?;
            Ok(revoked.map(|token| Done::ok(shown::credential(&token))))
        })
        .await
}
