//! API keys.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::caller::Caller;
use super::command::{Command, Done, Nothing};
use super::error::ApiError;
use super::page::Page;
use super::shown;
use super::time::Moment;
use crate::domain::static_secret::Mode;
use crate::services::api_keys::{self, NewKey, Overlap};
use crate::services::refusal::Refusal;
use crate::web::app::App;

/// The body of a creation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Create {
    name: String,
    mode: String,
    #[serde(default, deserialize_with = "not_null")]
    scopes: Option<Vec<String>>,
    expires_at: Option<Moment>,
    service_account: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    allowed_addresses: Option<Vec<String>>,
}

/// Leaving a limit out is a decision; a `null` that a program did not mean to send is none.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// The body of a rotation.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rotate {
    #[serde(default)]
    overlap_seconds: i64,
}

/// The body of a change of scopes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scopes {
    scopes: Vec<String>,
}

/// `POST /api/v1/keys`: a new key. The answer alone holds its secret.
pub async fn create(app: web::Data<App>, command: Command<Create>) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, |app, work, acting, body| {
            let Some(mode) = Mode::parse(&body.mode) else {
                return Ok(Err(Refusal::invalid("mode", "mode must be live or test.")));
            };
            let new = NewKey {
                name: body.name,
                mode,
                scopes: body.scopes,
                ends_at: body.expires_at.map(|Moment(at)| at),
                service_account: body.service_account,
                allowed_addresses: body.allowed_addresses,
            };
            let created = api_keys::create(work, &app.config, acting, &new)?;
            Ok(created.map(|created| Done::created(shown::created(&created))))
        })
        .await
}

/// `GET /api/v1/keys`: every key for owners and admins, for others their own; the newest first.
pub async fn list(
    app: web::Data<App>,
    request: HttpRequest,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let page = Page::read(request.query_string())?;
    let (acting, after, limit) = (caller.acting(&app, &request), page.after.clone(), page.limit());
    let keys = app.store.read(move |conn| api_keys::list(conn, &acting, after.as_ref(), limit)).await?;
    let keys = keys.map_err(|refusal| ApiError::refused(&app, refusal))?;
    Ok(page.answer(&keys, shown::credential, |key| (key.credential.created_at, &key.credential.id)))
}

/// `GET /api/v1/keys/{id}`
pub async fn find(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let acting = caller.acting(&app, &request);
    let found = app.store.read(move |conn| api_keys::find(conn, &acting, &id)).await?;
    let key = found.map_err(|refusal| ApiError::refused(&app, refusal))?;
    Ok(HttpResponse::Ok().json(json!({ "data": shown::credential(&key) })))
}

/// `POST /api/v1/keys/{id}/rotate`: a new key like this one, which ends after the overlap.
pub async fn rotate(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Rotate>,
) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, move |app, work, acting, body| {
            let Some(overlap) = Overlap::from_seconds(body.overlap_seconds) else {
                let message = "overlapSeconds must be 0, 3600 or 86400.";
                return Ok(Err(Refusal::invalid("overlapSeconds", message)));
            };
            let rotated = api_keys::rotate(work, &app.config, acting, &id, overlap)?;
            Ok(rotated.map(|rotated| {
                let mut data = shown::created(&rotated.created);
                data["replaces"] = json!({ "id": rotated.old_id, "expiresAt": rotated.old_ends_at });
                Done::created(data)
            }))
        })
        .await
}

/// `POST /api/v1/keys/{id}/revoke`
pub async fn revoke(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Nothing>,
) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, move |app, work, acting, Nothing {}| {
            let revoked = api_keys::revoke(work, &app.config, acting, &id)?;
            Ok(revoked.map(|key| Done::ok(shown::credential(&key))))
        })
        .await
}

/// `POST /api/v1/keys/{id}/scopes`
pub async fn set_scopes(
    app: web::Data<App>,
    id: web::Path<String>,
    command: Command<Scopes>,
) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, move |app, work, acting, body| {
            let changed = api_keys::set_scopes(work, &app.config, acting, &id, &body.scopes)?;
            Ok(changed.map(|key| Done::ok(shown::credential(&key))))
        })
        .await
}
