//! API keys.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Deserializer};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::answer::{Data, List, ScopeId, mode};
use super::caller::Caller;
use super::error::ApiError;
use super::page::ListQuery;
use super::read_request::ReadRequest;
use super::responses::{Invalid, Unknown};
use super::time::ApiTime;
use super::views::{ApiKey, CreatedKey, RotatedKey};
use super::write_request::{Completed, Nothing, WriteRequest};
use crate::domain::management::{KEYS_MANAGE, KEYS_READ};
use crate::domain::static_secret::Mode;
use crate::services::api_keys::{self, NewKey, Overlap};
use crate::services::credential_names::NamedCredential;
use crate::services::refusal::ServiceRefusal;
use crate::store::static_credentials::{PageQuery, StatusFilter};
use crate::web::app::App;

/// A new API key.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewKey)]
pub struct Create {
    #[schema(min_length = 1, max_length = 100, example = "CI")]
    name: String,
    #[schema(schema_with = mode)]
    mode: String,
    /// Omit for a key with all permissions of its owner, if the organization allows that.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<Vec<ScopeId>>, nullable = false, min_items = 1, example = json!(["org:read"]))]
    scopes: Option<Vec<String>>,
    /// Expiry. The organization may set a maximum lifetime.
    expires_at: Option<ApiTime>,
    /// The service account that owns the key; yourself if omitted.
    service_account: Option<String>,
    /// Addresses and networks from which it may be used; any if omitted.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, example = json!(["192.0.2.0/24"]))]
    allowed_addresses: Option<Vec<String>>,
}

/// Refuses `null`: leaving a limit out is a decision, an accidental `null` is not.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// A rotation.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = Rotation)]
pub struct Rotate {
    /// Seconds until the old key ends: 0, 3600 (an hour) or 86400 (a day).
    #[serde(default)]
    #[schema(schema_with = overlaps)]
    overlap_seconds: i64,
}

/// The new scopes of a key.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScopes)]
pub struct Scopes {
    #[schema(value_type = Vec<ScopeId>, min_items = 1, example = json!(["org:read"]))]
    scopes: Vec<String>,
}

fn overlaps() -> RefOr<Schema> {
    let values = [0, 3_600, 86_400];
    ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some(values)).default(Some(json!(0))).into()
}

/// Create an API key
///
/// Only this response has the secret. The scopes must be among those of the caller.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    operation_id = "createKey",
    tag = "API keys",
    params(WriteRequest<Create>),
    request_body = Create,
    responses((status = 201, description = "The key and its secret.", body = Data<CreatedKey>), WriteRequest<Create>, Invalid),
    security(("bearer" = [KEYS_MANAGE]), ("apiKey" = [KEYS_MANAGE]))
)]
pub async fn create(app: web::Data<App>, request: WriteRequest<Create>) -> Result<HttpResponse, ApiError> {
    request
        .run_idempotent(&app, |app, work, actor, body| {
            let Some(mode) = Mode::parse(&body.mode) else {
                return Err(ServiceRefusal::invalid("mode", "mode must be live or test.").into());
            };
            let new = NewKey {
                name: body.name,
                mode,
                scopes: body.scopes,
                ends_at: body.expires_at.map(|ApiTime(at)| at),
                service_account: body.service_account,
                allowed_addresses: body.allowed_addresses,
            };
            let created = api_keys::create(work, &app.config, actor, &new)?;
            Ok(Completed::created(&CreatedKey::new(&created)))
        })
        .await
}

/// List API keys
///
/// Owners and admins see all keys, others their own; newest first.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    operation_id = "listKeys",
    tag = "API keys",
    params(ListQuery),
    responses((status = 200, description = "A page of keys.", body = List<ApiKey>), Caller),
    security(("bearer" = [KEYS_READ]), ("apiKey" = [KEYS_READ]))
)]
pub async fn list(request: ReadRequest) -> Result<HttpResponse, ApiError> {
    request
        .page(
            |conn, actor, after, limit| {
                api_keys::list(conn, actor, PageQuery { status: StatusFilter::Any, after, limit })
            },
            ApiKey::new,
            |key: &NamedCredential| (key.credential.created_at, &key.credential.id),
        )
        .await
}

/// Get an API key
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}",
    operation_id = "getKey",
    tag = "API keys",
    params(("id" = String, Path, description = "The id of the key: `key_...`")),
    responses((status = 200, description = "The key.", body = Data<ApiKey>), Caller, Unknown),
    security(("bearer" = [KEYS_READ]), ("apiKey" = [KEYS_READ]))
)]
pub async fn find(request: ReadRequest, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request.one(move |conn, actor| api_keys::find(conn, actor, &id), ApiKey::new).await
}

/// Rotate an API key
///
/// Creates a key that replaces this one, which ends after the overlap.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/rotate",
    operation_id = "rotateKey",
    tag = "API keys",
    params(("id" = String, Path, description = "The id of the key: `key_...`"), WriteRequest<Option<Rotate>>),
    request_body = Option<Rotate>,
    responses(
        (status = 201, description = "The new key and its secret.", body = Data<RotatedKey>),
        WriteRequest<Option<Rotate>>,
        Unknown,
        Invalid
    ),
    security(("bearer" = [KEYS_MANAGE]), ("apiKey" = [KEYS_MANAGE]))
)]
pub async fn rotate(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Option<Rotate>>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, body| {
            let Some(overlap) = Overlap::from_seconds(body.unwrap_or_default().overlap_seconds) else {
                let message = "overlapSeconds must be 0, 3600 or 86400.";
                return Err(ServiceRefusal::invalid("overlapSeconds", message).into());
            };
            let rotated = api_keys::rotate(work, &app.config, actor, &id, overlap)?;
            Ok(Completed::created(&RotatedKey::new(&rotated)))
        })
        .await
}

/// Revoke an API key
///
/// It stops working at once, permanently. Idempotent.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/revoke",
    operation_id = "revokeKey",
    tag = "API keys",
    params(("id" = String, Path, description = "The id of the key: `key_...`"), WriteRequest<Nothing>),
    responses((status = 200, description = "The key.", body = Data<ApiKey>), WriteRequest<Nothing>, Unknown),
    security(("bearer" = [KEYS_MANAGE]), ("apiKey" = [KEYS_MANAGE]))
)]
pub async fn revoke(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, Nothing {}| {
            let key = api_keys::revoke(work, &app.config, actor, &id)?;
            Ok(Completed::ok(&ApiKey::new(&key)))
        })
        .await
}

/// Change the scopes of an API key
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/scopes",
    operation_id = "setKeyScopes",
    tag = "API keys",
    params(("id" = String, Path, description = "The id of the key: `key_...`"), WriteRequest<Scopes>),
    request_body = Scopes,
    responses(
        (status = 200, description = "The key.", body = Data<ApiKey>),
        WriteRequest<Scopes>,
        Unknown,
        Invalid
    ),
    security(("bearer" = [KEYS_MANAGE]), ("apiKey" = [KEYS_MANAGE]))
)]
pub async fn set_scopes(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Scopes>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, body| {
            let key = api_keys::set_scopes(work, &app.config, actor, &id, &body.scopes, None)?;
            Ok(Completed::ok(&ApiKey::new(&key)))
        })
        .await
}
