//! Service accounts.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{Data, List, Subject};
use super::caller::Caller;
use super::error::ApiError;
use super::page::ListQuery;
use super::read_request::ReadRequest;
use super::responses::{Invalid, Unknown};
use super::time::ApiTime;
use super::write_request::{Completed, Nothing, WriteRequest};
use crate::domain::management::SERVICE_ACCOUNTS_MANAGE;
use crate::domain::subject::SubjectId;
use crate::services::service_accounts::{self, AccountWithCreator, NewServiceAccount};
use crate::web::app::App;

/// A new service account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewServiceAccount)]
pub struct Create {
    #[schema(min_length = 1, max_length = 100, example = "CI")]
    name: String,
    /// The purpose, for people.
    #[schema(min_length = 1, max_length = 200, example = "Deploys from the main branch")]
    purpose: String,
    #[schema(example = "viewer")]
    role: String,
}

/// The new role of a service account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRole)]
pub struct Role {
    #[schema(example = "member")]
    pub(super) role: String,
}

/// A service account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    id: String,
    name: String,
    purpose: String,
    role: String,
    /// The creator; `null` if the user no longer exists.
    #[schema(required)]
    created_by: Option<Subject>,
    created_at: ApiTime,
    /// When it was disabled, which stopped its keys; `null` while it is enabled.
    #[schema(required)]
    disabled_at: Option<ApiTime>,
}

impl ServiceAccount {
    fn new(made: &AccountWithCreator) -> Self {
        let account = &made.account;
        let creator = |id: &String| {
            let name = made.creator_name.as_deref().unwrap_or_default();
            Subject::new(&SubjectId::User(id.clone()), name)
        };
        Self {
            id: account.id.clone(),
            name: account.name.clone(),
            purpose: account.purpose.clone(),
            role: account.role.clone(),
            created_by: account.created_by.as_ref().map(creator),
            created_at: ApiTime(account.created_at),
            disabled_at: account.disabled_at.map(ApiTime),
        }
    }
}

/// Create a service account
///
/// Only users can create them, with a role that has no more scopes than their own.
#[utoipa::path(
    post,
    path = "/api/v1/service-accounts",
    operation_id = "createServiceAccount",
    tag = "Service accounts",
    params(WriteRequest<Create>),
    request_body = Create,
    responses((status = 201, description = "The service account.", body = Data<ServiceAccount>), WriteRequest<Create>, Invalid),
    security(("bearer" = [SERVICE_ACCOUNTS_MANAGE]), ("apiKey" = [SERVICE_ACCOUNTS_MANAGE]))
)]
pub async fn create(app: web::Data<App>, request: WriteRequest<Create>) -> Result<HttpResponse, ApiError> {
    request
        .run_idempotent(&app, |app, work, actor, Create { name, purpose, role }| {
            let new = NewServiceAccount { name, purpose, role };
            let made = service_accounts::create(work, &app.config, actor, &new)?;
            Ok(Completed::created(&ServiceAccount::new(&made)))
        })
        .await
}

/// List service accounts
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/service-accounts",
    operation_id = "listServiceAccounts",
    tag = "Service accounts",
    params(ListQuery),
    responses((status = 200, description = "A page of service accounts.", body = List<ServiceAccount>), Caller),
    security(("bearer" = [SERVICE_ACCOUNTS_MANAGE]), ("apiKey" = [SERVICE_ACCOUNTS_MANAGE]))
)]
pub async fn list(request: ReadRequest) -> Result<HttpResponse, ApiError> {
    request
        .page(service_accounts::list, ServiceAccount::new, |made: &AccountWithCreator| {
            (made.account.created_at, &made.account.id)
        })
        .await
}

/// Get a service account
#[utoipa::path(
    get,
    path = "/api/v1/service-accounts/{id}",
    operation_id = "getServiceAccount",
    tag = "Service accounts",
    params(("id" = String, Path, description = "The id of the service account: `sa_...`")),
    responses((status = 200, description = "The service account.", body = Data<ServiceAccount>), Caller, Unknown),
    security(("bearer" = [SERVICE_ACCOUNTS_MANAGE]), ("apiKey" = [SERVICE_ACCOUNTS_MANAGE]))
)]
pub async fn find(request: ReadRequest, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request.one(move |conn, actor| service_accounts::find(conn, actor, &id), ServiceAccount::new).await
}

/// Disable a service account
///
/// Its keys stop working at once.
#[utoipa::path(
    post,
    path = "/api/v1/service-accounts/{id}/disable",
    operation_id = "disableServiceAccount",
    tag = "Service accounts",
    params(("id" = String, Path, description = "The id of the service account: `sa_...`"), WriteRequest<Nothing>),
    responses((status = 200, description = "The service account.", body = Data<ServiceAccount>), WriteRequest<Nothing>, Unknown),
    security(("bearer" = [SERVICE_ACCOUNTS_MANAGE]), ("apiKey" = [SERVICE_ACCOUNTS_MANAGE]))
)]
pub async fn disable(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    set_enabled(&app, id.into_inner(), request, false).await
}

/// Enable a service account
///
/// Keys that have not ended work again.
#[utoipa::path(
    post,
    path = "/api/v1/service-accounts/{id}/enable",
    operation_id = "enableServiceAccount",
    tag = "Service accounts",
    params(("id" = String, Path, description = "The id of the service account: `sa_...`"), WriteRequest<Nothing>),
    responses((status = 200, description = "The service account.", body = Data<ServiceAccount>), WriteRequest<Nothing>, Unknown),
    security(("bearer" = [SERVICE_ACCOUNTS_MANAGE]), ("apiKey" = [SERVICE_ACCOUNTS_MANAGE]))
)]
pub async fn enable(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    set_enabled(&app, id.into_inner(), request, true).await
}

async fn set_enabled(
    app: &App,
    id: String,
    request: WriteRequest<Nothing>,
    enabled: bool,
) -> Result<HttpResponse, ApiError> {
    request
        .run_idempotent(app, move |app, work, actor, Nothing {}| {
            let made = service_accounts::set_enabled(work, &app.config, actor, &id, enabled)?;
            Ok(Completed::ok(&ServiceAccount::new(&made)))
        })
        .await
}

/// Change the role of a service account
///
/// Changes the effective scopes of its keys.
#[utoipa::path(
    post,
    path = "/api/v1/service-accounts/{id}/role",
    operation_id = "setServiceAccountRole",
    tag = "Service accounts",
    params(("id" = String, Path, description = "The id of the service account: `sa_...`"), WriteRequest<Role>),
    request_body = Role,
    responses((status = 200, description = "The service account.", body = Data<ServiceAccount>), WriteRequest<Role>, Unknown, Invalid),
    security(("bearer" = [SERVICE_ACCOUNTS_MANAGE]), ("apiKey" = [SERVICE_ACCOUNTS_MANAGE]))
)]
pub async fn set_role(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Role>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, Role { role }| {
            let made = service_accounts::set_role(work, &app.config, actor, &id, &role)?;
            Ok(Completed::ok(&ServiceAccount::new(&made)))
        })
        .await
}
