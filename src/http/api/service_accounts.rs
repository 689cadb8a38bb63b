//! Service accounts.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{Data, List, Subject};
use super::caller::Caller;
use super::error::ApiError;
use super::page::Page;
use super::read_request::ReadRequest;
use super::responses::{Invalid, Unknown};
use super::time::Moment;
use super::write_request::{Done, Nothing, WriteRequest};
use crate::domain::management::SERVICE_ACCOUNTS_MANAGE;
use crate::domain::subject::SubjectId;
use crate::services::service_accounts::{self, Made, NewServiceAccount};
use crate::web::app::App;

/// A service account to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewServiceAccount)]
pub struct Create {
    #[schema(min_length = 1, max_length = 100, example = "CI")]
    name: String,
    /// What it is for, in words for people.
    #[schema(min_length = 1, max_length = 200, example = "Deploys from the main branch")]
    purpose: String,
    #[schema(example = "viewer")]
    role: String,
}

/// The role that a service account shall have.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRole)]
pub struct Role {
    #[schema(example = "member")]
    role: String,
}

/// A service account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    id: String,
    name: String,
    purpose: String,
    role: String,
    /// The person who made it; `null` once they are gone.
    #[schema(required)]
    created_by: Option<Subject>,
    created_at: Moment,
    /// Since when none of its keys work; `null` while they do.
    #[schema(required)]
    disabled_at: Option<Moment>,
}

impl ServiceAccount {
    fn new(made: &Made) -> Self {
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
            created_at: Moment(account.created_at),
            disabled_at: account.disabled_at.map(Moment),
        }
    }
}

/// Create a service account
///
/// People make them, and none with a role that holds more than what they hold themselves.
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
pub async fn create(app: web::Data<App>, command: WriteRequest<Create>) -> Result<HttpResponse, ApiError> {
    command
        .once(&app, |app, work, acting, Create { name, purpose, role }| {
            let new = NewServiceAccount { name, purpose, role };
            let made = service_accounts::create(work, &app.config, acting, &new)?;
            Ok(Done::created(&ServiceAccount::new(&made)))
        })
        .await
}

/// List service accounts
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/api/v1/service-accounts",
    operation_id = "listServiceAccounts",
    tag = "Service accounts",
    params(Page),
    responses((status = 200, description = "A page of service accounts.", body = List<ServiceAccount>), Caller),
    security(("bearer" = [SERVICE_ACCOUNTS_MANAGE]), ("apiKey" = [SERVICE_ACCOUNTS_MANAGE]))
)]
pub async fn list(inquiry: ReadRequest) -> Result<HttpResponse, ApiError> {
    inquiry
        .page(service_accounts::list, ServiceAccount::new, |made: &Made| {
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
pub async fn find(inquiry: ReadRequest, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    inquiry.one(move |conn, acting| service_accounts::find(conn, acting, &id), ServiceAccount::new).await
}

/// Disable a service account
///
/// Its keys stop at once.
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
    command: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    set_enabled(&app, id.into_inner(), command, false).await
}

/// Enable a service account
///
/// Its keys that have not ended work again.
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
    command: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    set_enabled(&app, id.into_inner(), command, true).await
}

async fn set_enabled(
    app: &App,
    id: String,
    command: WriteRequest<Nothing>,
    enabled: bool,
) -> Result<HttpResponse, ApiError> {
    command
        .once(app, move |app, work, acting, Nothing {}| {
            let made = service_accounts::set_enabled(work, &app.config, acting, &id, enabled)?;
            Ok(Done::ok(&ServiceAccount::new(&made)))
        })
        .await
}

/// Change the role of a service account
///
/// What its keys may do changes with it.
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
    command: WriteRequest<Role>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    command
        .once(&app, move |app, work, acting, Role { role }| {
            let made = service_accounts::set_role(work, &app.config, acting, &id, &role)?;
            Ok(Done::ok(&ServiceAccount::new(&made)))
        })
        .await
}
