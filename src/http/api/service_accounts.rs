//! Service accounts.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::command::{Command, Done, Nothing};
use super::error::ApiError;
use super::page::Page;
use crate::services::service_accounts::{self, Made, NewServiceAccount};
use crate::web::app::App;

/// The body of a creation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Create {
    name: String,
    purpose: String,
    role: String,
}

/// The body of a change of role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    role: String,
}

/// `POST /api/v1/service-accounts`
pub async fn create(app: web::Data<App>, command: Command<Create>) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, |app, work, acting, Create { name, purpose, role }| {
            let new = NewServiceAccount { name, purpose, role };
            let made = service_accounts::create(work, &app.config, acting, &new)?;
            Ok(made.map(|made| Done::created(shown(&made))))
        })
        .await
}

/// `GET /api/v1/service-accounts`: the newest first.
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let page = Page::read(request.query_string())?;
    let (acting, after, limit) = (caller.acting(&app, &request), page.after.clone(), page.limit());
    let read = move |conn: &mut _| service_accounts::list(conn, &acting, after.as_ref(), limit);
    let accounts = app.store.read(read).await?.map_err(|refusal| ApiError::refused(&app, refusal))?;
    Ok(page.answer(&accounts, shown, |made| (made.account.created_at, &made.account.id)))
}

/// `GET /api/v1/service-accounts/{id}`
pub async fn find(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let acting = caller.acting(&app, &request);
    let found = app.store.read(move |conn| service_accounts::find(conn, &acting, &id)).await?;
    let made = found.map_err(|refusal| ApiError::refused(&app, refusal))?;
    Ok(HttpResponse::Ok().json(json!({ "data": shown(&made) })))
}

/// `POST /api/v1/service-accounts/{id}/disable`: its keys stop at once.
pub async fn disable(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Nothing>,
) -> Result<HttpResponse, ApiError> {
    set_enabled(&app, id.into_inner(), command, false).await
}

/// `POST /api/v1/service-accounts/{id}/enable`
pub async fn enable(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Nothing>,
) -> Result<HttpResponse, ApiError> {
    set_enabled(&app, id.into_inner(), command, true).await
}

async fn set_enabled(
    app: &App,
    id: String,
    command: Command<Nothing>,
    enabled: bool,
) -> Result<HttpResponse, ApiError> {
    command
        .once(app, move |app, work, acting, Nothing {}| {
            let made = service_accounts::set_enabled(work, &app.config, acting, &id, enabled)?;
            Ok(made.map(|made| Done::ok(shown(&made))))
        })
        .await
}

/// `POST /api/v1/service-accounts/{id}/role`
pub async fn set_role(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Role>,
) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, move |app, work, acting, Role { role }| {
            let made = service_accounts::set_role(work, &app.config, acting, &id, &role)?;
            Ok(made.map(|made| Done::ok(shown(&made))))
        })
        .await
}

fn shown(made: &Made) -> Value {
    let account = &made.account;
    json!({
        "id": account.id,
        "name": account.name,
        "purpose": account.purpose,
        "role": account.role,
        "createdBy": account.created_by.as_ref().map(|id| json!({
            "kind": "user",
            "id": id,
            "name": made.creator_name,
        })),
        "createdAt": account.created_at,
        "disabledAt": account.disabled_at,
    })
}
