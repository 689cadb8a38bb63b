//! Whether the process runs, and whether it can work.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::store::signing_keys;
use crate::web::app::App;

/// `GET /healthz`: the process answers.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers, so requests may be sent here.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    match app.store.read(signing_keys::list).await {
        Ok(_) => HttpResponse::Ok().json(json!({ "status": "ok" })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            HttpResponse::ServiceUnavailable().json(json!({ "status": "unavailable", "database": "away" }))
        }
    }
}
