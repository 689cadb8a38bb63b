//! The scope catalog.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::answer::{Data, one_of};
use super::error::ApiError;
use super::page;
use super::responses::{Failures, Malformed, Unknown};
use crate::domain::scope::{self, Level, ScopeSet};
use crate::store::clients;
use crate::web::app::App;

/// Every scope of this deployment.
#[derive(Serialize, ToSchema)]
pub struct Catalog {
    /// Changes when the meaning of a scope does.
    version: String,
    scopes: Vec<Scope>,
    bundles: Vec<Bundle>,
}

/// A permission of a credential.
#[derive(Serialize, ToSchema)]
pub struct Scope {
    id: String,
    /// Human-readable label.
    label: String,
    #[schema(schema_with = level)]
    level: Level,
    /// The roles that include it.
    roles: Vec<String>,
}

/// A named set of scopes.
#[derive(Serialize, ToSchema)]
pub struct Bundle {
    id: String,
    label: String,
    scopes: Vec<String>,
    /// Hint about its use.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    note: Option<String>,
}

impl Scope {
    fn new(scope: &scope::Scope) -> Self {
        Self {
            id: scope.id.clone(),
            label: scope.label.clone(),
            level: scope.level,
            roles: scope.roles.clone(),
        }
    }
}

impl Bundle {
    fn new(bundle: &scope::Bundle) -> Self {
        Self {
            id: bundle.id.clone(),
            label: bundle.label.clone(),
            scopes: bundle.scopes.clone(),
            note: bundle.note.clone(),
        }
    }
}

fn level() -> RefOr<Schema> {
    one_of(["read", "change", "delete", "administer"])
}

/// List the scopes
#[utoipa::path(
    get,
    path = "/api/v1/scopes",
    operation_id = "listScopes",
    tag = "Scopes",
    params(("client_id" = Option<String>, Query, description = "Return only the scopes that this OAuth client may request.")),
    responses(
        (status = 200, description = "The catalog.", body = Data<Catalog>),
        Malformed,
        Unknown,
        Failures
    ),
    security(())
)]
pub async fn list(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let query = page::parse(request.query_string())?;
    let allowed = match query.get("client_id").map(str::to_owned) {
        Some(id) => Some(allowed_to(&app, id).await?),
        None => None,
    };
    let may = |id: &str| allowed.as_ref().is_none_or(|allowed| allowed.contains(id));
    let catalog = &app.config.catalog;
    let data = Catalog {
        version: catalog.version().to_owned(),
        scopes: catalog.iter().filter(|scope| may(&scope.id)).map(Scope::new).collect(),
        bundles: catalog
            .bundles()
            .iter()
            .filter(|bundle| bundle.scopes.iter().all(|id| may(id)))
            .map(Bundle::new)
            .collect(),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(Data { data }))
}

async fn allowed_to(app: &App, client_id: String) -> Result<ScopeSet, ApiError> {
    let client = app.store.read(move |conn| clients::find(conn, &client_id)).await?;
    let client = client.ok_or(ApiError::NotFound("There is no such OAuth client."))?;
    Ok(client.allowed_scopes(&app.config.catalog))
}
