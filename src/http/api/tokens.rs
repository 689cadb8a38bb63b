//! Personal tokens. Users see and revoke only their own.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{Data, List, ScopeId};
use super::caller::Caller;
use super::error::ApiError;
use super::page::ListQuery;
use super::read_request::ReadRequest;
use super::responses::{Invalid, Unknown};
use super::time::ApiTime;
use super::views::{CreatedToken, PersonalToken};
use super::write_request::{Completed, Nothing, WriteRequest};
use crate::domain::management::TOKENS_MANAGE;
use crate::services::credential_names::NamedCredential;
use crate::services::personal_tokens::{self, NewToken};
use crate::store::static_credentials::{PageQuery, StatusFilter};
use crate::web::app::App;

/// A new personal token.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewToken)]
pub struct Create {
    #[schema(min_length = 1, max_length = 100, example = "laptop")]
    name: String,
    #[schema(value_type = Vec<ScopeId>, min_items = 1, example = json!(["org:read"]))]
    scopes: Vec<String>,
    /// Expiry. The organization may set a maximum lifetime.
    expires_at: Option<ApiTime>,
}

/// Create a personal token
///
/// Only this response has the secret. Only users can create personal tokens; an API key cannot.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    operation_id = "createToken",
    tag = "Personal tokens",
    params(WriteRequest<Create>),
    request_body = Create,
    responses((status = 201, description = "The token and its secret.", body = Data<CreatedToken>), WriteRequest<Create>, Invalid),
    security(("bearer" = [TOKENS_MANAGE]), ("apiKey" = [TOKENS_MANAGE]))
)]
pub async fn create(app: web::Data<App>, request: WriteRequest<Create>) -> Result<HttpResponse, ApiError> {
    request
        .run_idempotent(&app, |app, work, actor, Create { name, scopes, expires_at }| {
            let new = NewToken { name, scopes, ends_at: expires_at.map(|ApiTime(at)| at) };
            let created = personal_tokens::create(work, &app.config, actor, &new)?;
            Ok(Completed::created(&CreatedToken::new(&created)))
        })
        .await
}

/// List your personal tokens
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    operation_id = "listTokens",
    tag = "Personal tokens",
    params(ListQuery),
    responses((status = 200, description = "A page of tokens.", body = List<PersonalToken>), Caller),
    security(("bearer" = [TOKENS_MANAGE]), ("apiKey" = [TOKENS_MANAGE]))
)]
pub async fn list(request: ReadRequest) -> Result<HttpResponse, ApiError> {
    request
        .page(
            |conn, actor, after, limit| {
                personal_tokens::list(conn, actor, PageQuery { status: StatusFilter::Any, after, limit })
            },
            PersonalToken::new,
            |token: &NamedCredential| (token.credential.created_at, &token.credential.id),
        )
        .await
}

/// Get a personal token
#[utoipa::path(
    get,
    path = "/api/v1/tokens/{id}",
    operation_id = "getToken",
    tag = "Personal tokens",
    params(("id" = String, Path, description = "The id of the token: `pat_...`")),
    responses((status = 200, description = "The token.", body = Data<PersonalToken>), Caller, Unknown),
    security(("bearer" = [TOKENS_MANAGE]), ("apiKey" = [TOKENS_MANAGE]))
)]
pub async fn find(request: ReadRequest, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request.one(move |conn, actor| personal_tokens::find(conn, actor, &id), PersonalToken::new).await
}

/// Revoke a personal token
///
/// It stops working at once, permanently. Idempotent.
#[utoipa::path(
    post,
    path = "/api/v1/tokens/{id}/revoke",
    operation_id = "revokeToken",
    tag = "Personal tokens",
    params(("id" = String, Path, description = "The id of the token: `pat_...`"), WriteRequest<Nothing>),
    responses((status = 200, description = "The token.", body = Data<PersonalToken>), WriteRequest<Nothing>, Unknown),
    security(("bearer" = [TOKENS_MANAGE]), ("apiKey" = [TOKENS_MANAGE]))
)]
pub async fn revoke(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |_, work, actor, Nothing {}| {
            let token = personal_tokens::revoke(work, actor, &id)?;
            Ok(Completed::ok(&PersonalToken::new(&token)))
        })
        .await
}
