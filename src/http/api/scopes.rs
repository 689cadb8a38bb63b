//! The scope catalog.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use crate::web::app::App;

/// `GET /api/v1/scopes`: needs no credential.
pub async fn list(app: web::Data<App>) -> HttpResponse {
    let catalog = &app.config.catalog;
    let scopes: Vec<Value> = catalog
        .iter()
        .map(|scope| {
            json!({ "id": scope.id, "label": scope.label, "level": scope.level, "roles": scope.roles })
        })
        .collect();
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(json!({ "data": {
        "version": catalog.version(),
        "scopes": scopes,
        "bundles": catalog.bundles(),
    } }))
}
