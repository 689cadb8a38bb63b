//! The scope catalog.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::answer::{Data, one_of};
use super::responses::Failures;
use crate::domain::scope::{self, Level};
use crate::web::app::App;

/// Every scope of this deployment.
#[derive(Serialize, ToSchema)]
pub struct Catalog {
    /// Changes when the meaning of a scope does.
    version: String,
    scopes: Vec<Scope>,
    bundles: Vec<Bundle>,
}

/// What a credential can be allowed to do.
#[derive(Serialize, ToSchema)]
pub struct Scope {
    id: String,
    /// What it allows, in words for people.
    label: String,
    #[schema(schema_with = level)]
    level: Level,
    /// The roles that hold it.
    roles: Vec<String>,
}

/// Scopes that go well together.
#[derive(Serialize, ToSchema)]
pub struct Bundle {
    id: String,
    label: String,
    scopes: Vec<String>,
    /// What to know before choosing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    note: Option<String>,
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
    responses((status = 200, description = "The catalog.", body = Data<Catalog>), Failures),
    security(())
)]
pub async fn list(app: web::Data<App>) -> HttpResponse {
    let catalog = &app.config.catalog;
    let scope = |scope: &scope::Scope| Scope {
        id: scope.id.clone(),
        label: scope.label.clone(),
        level: scope.level,
        roles: scope.roles.clone(),
    };
    let bundle = |bundle: &scope::Bundle| Bundle {
        id: bundle.id.clone(),
        label: bundle.label.clone(),
        scopes: bundle.scopes.clone(),
        note: bundle.note.clone(),
    };
    let data = Catalog {
        version: catalog.version().to_owned(),
        scopes: catalog.iter().map(scope).collect(),
        bundles: catalog.bundles().iter().map(bundle).collect(),
    };
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(Data { data })
}
